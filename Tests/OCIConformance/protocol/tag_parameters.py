"""Several tags with one PUT (P-9)."""
from lib.answer import expect
from lib.content import digest_of, image, index
from lib.register import group

test = group("tag parameters")
BOTH = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]


def pushed(repository, content):
    """The blobs alone."""
    for child in content.children:
        repository.push(child, algorithm=content.algorithm)
    for data in content.blobs:
        repository.push_blob(data, content.algorithm)
    return content


def named_tags(answer):
    return sorted(tag.strip() for value in answer.all("OCI-Tag") for tag in value.split(","))


@test.cases("P-9 a PUT by digest sets every tag that is named, and says so ({algorithm})", BOTH)
def several(t, algorithm):
    repository = t.repository()
    for content in (image(algorithm=algorithm), index(algorithm=algorithm)):
        tags = ["a", "B.1", "latest"]
        answer = repository.put(content.digest, pushed(repository, content), tag=tags).status_is(201)
        expect(named_tags(answer) == sorted(tags), f"{answer}: OCI-Tag {answer.all('OCI-Tag')}")
        answer.header("Docker-Content-Digest", content.digest)
        for tag in tags:
            repository.get(tag).status_is(200).body_is(content.data).header("Docker-Content-Digest", content.digest)
    expect(repository.tag_names() == sorted(tags), "other tags are listed")


@test("P-9 46 tags are taken, 47 are 414, and then none is set")
def limit(t):
    repository = t.repository()
    content = pushed(repository, image())
    tags = [f"t{number:02}" for number in range(46)]
    answer = repository.put(content.digest, content, tag=tags).status_is(201)
    expect(named_tags(answer) == tags, f"{answer}: OCI-Tag {answer.all('OCI-Tag')}")
    other = pushed(repository, image())
    repository.put(other.digest, other, tag=[*tags, "t46"]).error(414)
    expect(repository.tag_names() == tags, "other tags are listed")
    repository.get("t00").status_is(200).body_is(content.data)
    repository.get(other.digest).error(404)


@test("P-9 a tag that is named twice counts once")
def doubled(t):
    repository = t.repository()
    content = pushed(repository, image())
    answer = repository.put(content.digest, content, tag=["a"] * 60 + ["b"]).status_is(201)
    expect(named_tags(answer) == ["a", "b"], f"{answer}: OCI-Tag {answer.all('OCI-Tag')}")


@test.cases("P-9 with the tag {tag!r} among others it is 400 TAG_INVALID, and nothing is stored", [
    {"tag": tag} for tag in ("-x", "", "a" * 129, "a b", "a/b", "é", "a:b")])
def invalid(t, tag):
    repository = t.repository()
    content = pushed(repository, image())
    repository.put(content.digest, content, tag=["good", tag]).error(400, "TAG_INVALID")
    repository.head("good").status_is(404)
    repository.get(content.digest).error(404)


@test("P-9 a tag in the path and others as parameters is 400")
def tag_in_path(t):
    repository = t.repository()
    content = pushed(repository, image())
    repository.put("v1", content, tag=["v2"]).error(400)
    repository.head("v1").status_is(404)
    repository.head("v2").status_is(404)


@test("P-9 without parameters no tag is named")
def none(t):
    content = pushed(t.repo1, image())
    t.repo1.put(content.digest, content).status_is(201).header("OCI-Tag", None)


@test("P-9 tags move from another manifest, which stays by its digest")
def moved(t):
    repository = t.repository()
    old, new = repository.push(image(), "a", "b"), pushed(repository, image())
    repository.put(new.digest, new, tag=["a", "c"]).status_is(201)
    for tag, content in (("a", new), ("b", old), ("c", new)):
        repository.get(tag).status_is(200).body_is(content.data)
    repository.get(old.digest).status_is(200)


@test("P-8 a wrong digest with tags is 400, and no tag is set")
def wrong_digest(t):
    repository = t.repository()
    content = pushed(repository, image())
    repository.put(digest_of(b"x"), content, tag=["a"]).error(400, "DIGEST_INVALID")
    repository.head("a").status_is(404)
