"""Digests in sha512 (1.15)."""
from lib.answer import equal, expect
from lib.content import Content, artifact, digest_of, image, index, random_blob
from lib.register import group
from lib.repository import with_query

test = group("sha512")
LONG = "sha512"


@test("1.15 an upload may say its algorithm when it begins")
def announced(t):
    data = random_blob()
    answer = t.repo1.send("POST", "/blobs/uploads/?digest-algorithm=sha512", b"").status_is(202)
    digest = digest_of(data, LONG)
    t.repo1.finish(answer.location(), digest, data).status_is(201).header("Docker-Content-Digest", digest)


@test("1.10.2 an algorithm that is not supported is 400 DIGEST_INVALID at the beginning")
def unsupported(t):
    for name in ("md5", "sha1", "blake3", "SHA512", "x"):
        t.repo1.send("POST", f"/blobs/uploads/?digest-algorithm={name}", b"").error(400, "DIGEST_INVALID")


@test("1.15 the algorithm that an upload announced does not bind it")
def announced_other(t):
    for announced, used in (("sha512", "sha256"), ("sha256", "sha512")):
        data = random_blob()
        place = t.repo1.send("POST", f"/blobs/uploads/?digest-algorithm={announced}", b"").status_is(202).location()
        t.repo1.append(place, data).status_is(202)
        t.repo1.finish(place, digest_of(data, used)).status_is(201)


@test("H-3 a blob of 30 MiB in pieces, named by sha512")
def large(t):
    data = random_blob(30 << 20)
    place = t.repo1.start()
    for start in range(0, len(data), 10 << 20):
        place = t.repo1.append(place, data[start:start + (10 << 20)], start).status_is(202).location()
    digest = digest_of(data, LONG)
    t.repo1.finish(place, digest).status_is(201).header("Docker-Content-Digest", digest)
    t.repo1.blob(digest).status_is(200).body_is(data)


@test("U-19 a blob uploaded by sha512 is there by sha256 too")
def both_names(t):
    data = random_blob()
    t.repo1.push_blob(data, LONG)
    for algorithm in ("sha256", LONG):
        digest = digest_of(data, algorithm)
        t.repo1.blob(digest).status_is(200).header("Docker-Content-Digest", digest).body_is(data)


@test.cases("H-2 deleting by {name} deletes both names", [{"name": "sha256"}, {"name": "sha512"}])
def delete(t, name):
    data = random_blob()
    t.repo1.push_blob(data, LONG)
    t.repo1.blob(digest_of(data, name), "DELETE").status_is(202)
    for algorithm in ("sha256", LONG):
        t.repo1.blob(digest_of(data, algorithm)).error(404, "BLOB_UNKNOWN")


@test("M-3 a manifest put by sha512 is there by it, with all headers in it")
def manifest(t):
    repository = t.repository()
    content = image(algorithm=LONG)
    repository.push(content, algorithm=LONG)
    answer = repository.get(content.digest).status_is(200).body_is(content.data)
    answer.header("Docker-Content-Digest", content.digest).header("ETag", f'"{content.digest}"')


@test("P-10 the answer to a PUT by sha512 names it")
def manifest_put(t):
    repository = t.repository()
    content = image(algorithm=LONG)
    repository.push(content, algorithm=LONG)
    answer = repository.put(content.digest, content).status_is(201).header("Docker-Content-Digest", content.digest)
    equal(answer.location(), f"{repository.base}/manifests/{content.digest}", "Location")


@test("M-3 a tag set by a PUT by sha512 answers with the sha512 digest")
def tagged(t):
    repository = t.repository()
    content = index(algorithm=LONG)
    repository.push(content, algorithm=LONG)
    repository.put(content.digest, content, tag=["big"]).status_is(201)
    for answer in (repository.get("big"), repository.head("big")):
        answer.status_is(200).header("Docker-Content-Digest", content.digest)


@test("H-5 a tag that is pushed by its name has a sha256 digest, though all in it is sha512")
def tag_alone(t):
    repository = t.repository()
    content = image(algorithm=LONG)
    for data in content.blobs:
        repository.push_blob(data, LONG)
    repository.put("v1", content).status_is(201).header("Docker-Content-Digest", digest_of(content.data))
    repository.head("v1").status_is(200).header("Docker-Content-Digest", digest_of(content.data))


@test("H-4 references in sha512 are resolved to blobs uploaded by sha256, and the other way round")
def mixed(t):
    for uploaded, referred in (("sha256", LONG), (LONG, "sha256")):
        repository = t.repository()
        content = image(algorithm=referred)
        for data in content.blobs:
            repository.push_blob(data, uploaded)
        answer = repository.put("v1", content)
        if uploaded == LONG:
            answer.status_is(201)
        else:
            # A name that nobody has used here may be unknown; the answer must then be the one for missing blobs.
            expect(answer.status == 201 or answer.error(400, "MANIFEST_BLOB_UNKNOWN"), str(answer))


@test("P-8 another body under a sha512 digest is 400 DIGEST_INVALID")
def wrong(t):
    content = t.repo1.push(image(), algorithm="sha256")
    t.repo1.put(digest_of(content.data + b" ", LONG), content).error(400, "DIGEST_INVALID")


@test("F-3 referrers of a sha512 subject are listed with their sha512 digests")
def referrers(t):
    repository = t.repository()
    subject = image(algorithm=LONG)
    repository.push(subject, algorithm=LONG)
    content = artifact(subject, algorithm=LONG)
    repository.push(content, algorithm=LONG)
    equal(repository.referrer_digests(subject.digest), [content.digest], "entries")


def both(repository):
    """A manifest that was pushed by both of its names."""
    content = repository.push(image())
    name = digest_of(content.data, LONG)
    repository.put(name, content).status_is(201)
    return content, name


@test("F-3 referrers of a manifest with two names are listed under both, in the order of their pushes, page by page")
def referrers_of_both(t):
    repository = t.repository()
    content, name = both(repository)
    subjects = [content.descriptor(), {**content.descriptor(), "digest": name}]
    pushed = [repository.push(artifact(subjects[n % 2])).digest for n in range(5)]
    for digest in (content.digest, name):
        equal(repository.referrer_digests(digest), pushed, "entries")
        answer, found = repository.referrers(digest, n=2), []
        while len(found) < 10:
            found += [item["digest"] for item in answer.status_is(200).json()["manifests"]]
            path = answer.link()
            if path is None:
                break
            answer = t.client.send("GET", path)
        equal(found, pushed, "all pages")


@test.cases("H-2 a manifest with two names, deleted by its {name}, is gone by both", [{"name": "sha256"}, {"name": LONG}])
def both_deleted(t, name):
    repository = t.repository()
    content, other = both(repository)
    repository.put("v1", content).status_is(201)
    repository.delete(digest_of(content.data, name)).status_is(202)
    for reference in (content.digest, other, "v1"):
        repository.get(reference).error(404, "MANIFEST_UNKNOWN")


@test("D-2 a manifest deleted by its sha512 digest is gone")
def manifest_deleted(t):
    repository = t.repository()
    content = image(algorithm=LONG)
    repository.push(content, algorithm=LONG)
    repository.put(content.digest, content, tag=["big"]).status_is(201)
    repository.delete(content.digest).status_is(202)
    for reference in (content.digest, "big"):
        repository.head(reference).error(404)


@test("F-7 the tag of a sha512 subject's list has 64 digits of it")
def fallback_tag(t):
    repository = t.repository()
    subject = Content(image(0).document, image(0).kind, algorithm=LONG)
    tag = f"sha512-{subject.digest.split(':')[1][:64]}"
    repository.put(tag, index([])).status_is(201)
    repository.get(tag).status_is(200)
    repository.send("GET", with_query(f"/referrers/{subject.digest}")).status_is(200)
