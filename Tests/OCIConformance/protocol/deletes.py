"""Deleting tags and manifests (1.7)."""
from concurrent.futures import ThreadPoolExecutor

from lib.answer import equal, expect
from lib.content import ABSENT, digest_of, image, index, random_blob
from lib.register import group

test = group("deletes")


@test("D-1 a deleted tag is gone at once, from reads and from the list; its manifest stays by digest")
def tag(t):
    repository = t.repository()
    content = repository.push(image(), "v1", "v2")
    repository.delete("v1").status_is(202).body_is(b"").header("Content-Length", "0")
    repository.get("v1").error(404, "MANIFEST_UNKNOWN")
    repository.head("v1").error(404)
    expect(repository.tag_names() == ["v2"], "the tag is still listed")
    repository.get("v2").status_is(200).body_is(content.data)
    repository.delete("v2").status_is(202)
    repository.get(content.digest).status_is(200).body_is(content.data)
    for data in content.blobs:
        repository.blob(digest_of(data)).status_is(200)


@test("D-1 a tag that is deleted twice is 404 the second time")
def tag_twice(t):
    repository = t.repository()
    repository.push(image(), "v1")
    repository.delete("v1").status_is(202)
    repository.delete("v1").error(404, "MANIFEST_UNKNOWN")


@test("D-1 the old manifests of a deleted tag do not come back under it")
def no_fallback(t):
    repository = t.repository()
    old = repository.push(image(), "v1")
    repository.push(image(), "v1")
    repository.delete("v1").status_is(202)
    repository.head("v1").status_is(404)
    repository.get(old.digest).status_is(200).body_is(old.data)


@test("D-1 a deleted tag can be pushed again")
def tag_again(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    repository.delete("v1").status_is(202)
    repository.put("v1", content).status_is(201)
    repository.get("v1").status_is(200).body_is(content.data)
    expect(repository.tag_names() == ["v1"], "the tag is not listed")


@test("D-1 D-2 in a stream that does not exist it is 404 NAME_UNKNOWN")
def no_stream(t):
    repository = t.repository()
    repository.delete("v1").error(404, "NAME_UNKNOWN")
    repository.delete(ABSENT["sha256"]).error(404)


@test("D-2 an unknown digest is 404 MANIFEST_UNKNOWN")
def unknown(t):
    repository = t.repository()
    repository.push(image(), "v1")
    repository.delete(digest_of(random_blob())).error(404, "MANIFEST_UNKNOWN")


@test("D-2 a deleted manifest is gone at once, by digest and by all its tags")
def manifest(t):
    repository = t.repository()
    content = repository.push(image(), "v1", "v2")
    other = repository.push(image(), "other")
    repository.delete(content.digest).status_is(202).body_is(b"")
    for reference in (content.digest, "v1", "v2"):
        repository.get(reference).error(404, "MANIFEST_UNKNOWN")
        repository.head(reference).error(404)
    expect(repository.tag_names() == ["other"], f"tags: {repository.tag_names()}")
    repository.get("other").status_is(200).body_is(other.data)
    repository.delete(content.digest).error(404, "MANIFEST_UNKNOWN")


@test("E-3 a manifest that is the past of a tag is deleted; the tag stays at its present one")
def history(t):
    repository = t.repository()
    old, new = repository.push(image(), "v1"), repository.push(image(), "v1")
    repository.delete(old.digest).status_is(202)
    repository.get(old.digest).error(404, "MANIFEST_UNKNOWN")
    repository.get("v1").status_is(200).body_is(new.data)


@test("E-3 a tag whose present manifest is deleted does not fall back to its past one")
def present(t):
    repository = t.repository()
    old, new = repository.push(image(), "v1"), repository.push(image(), "v1")
    repository.delete(new.digest).status_is(202)
    repository.get("v1").error(404, "MANIFEST_UNKNOWN")
    expect(repository.tag_names() == [], f"tags: {repository.tag_names()}")
    repository.get(old.digest).status_is(200).body_is(old.data)


@test("E-3 a deleted manifest can be pushed again")
def manifest_again(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    repository.delete(content.digest).status_is(202)
    repository.push(content, "v1")
    for reference in ("v1", content.digest):
        repository.get(reference).status_is(200).body_is(content.data)


@test("D-3 a child of an index can be deleted; the index stays, and the child is gone")
def child(t):
    repository = t.repository()
    content = repository.push(index(), "v1")
    first, second = content.children
    repository.delete(first.digest).status_is(202)
    repository.get(first.digest).error(404, "MANIFEST_UNKNOWN")
    repository.get("v1").status_is(200).body_is(content.data)
    repository.get(second.digest).status_is(200)


@test("D-3 the children of a deleted index that were pushed by digest stay")
def index_alone(t):
    repository = t.repository()
    content = repository.push(index(), "v1")
    repository.delete(content.digest).status_is(202)
    for child in content.children:
        repository.get(child.digest).status_is(200).body_is(child.data)


@test("D-2 another repository is not touched")
def elsewhere(t):
    here, there = t.repository(), t.repository()
    content = here.push(image(), "v1")
    there.push(content, "v1")
    here.delete(content.digest).status_is(202)
    there.get("v1").status_is(200).body_is(content.data)
    there.get(content.digest).status_is(200)


@test("D-5 the answer may name the digest that was deleted, but no other")
def named(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    for reference in ("v1", content.digest):
        answer = repository.delete(reference).status_is(202)
        expect(answer.get("Docker-Content-Digest", content.digest) == content.digest, f"{answer}: another digest")


@test("E-4 tags, then manifests from parents to children, then blobs, as the conformance program deletes")
def all_of_it(t):
    repository = t.repository()
    content = repository.push(index(), "v1", "v2")
    for tag in ("v1", "v2"):
        repository.delete(tag).status_is(202)
    for manifest in (content, *content.children):
        repository.delete(manifest.digest).status_is(202)
        repository.head(manifest.digest).status_is(404)
    for child in content.children:
        for data in child.blobs:
            repository.blob(digest_of(data), "DELETE").status_is(202)
            repository.blob(digest_of(data), "HEAD").status_is(404)
    repository.tags().status_is(200)
    expect(repository.tag_names() == [], "tags are left")


@test("9.5 pushes and deletions of a manifest at the same time end as if one had come after the other, for referrers too")
def race(t):
    repository = t.repository()
    subject = repository.push(image(0), "v1")
    content = image(0, subject=subject.descriptor())
    repository.push_blob(content.config)
    for number in range(20):
        references = [content.digest] * 3 + (["tag"] * 3 if number % 2 else [])
        with ThreadPoolExecutor(9) as pool:
            pushes = [pool.submit(repository.put, reference, content) for reference in references]
            deletions = [pool.submit(repository.delete, content.digest) for _ in range(number % 4)]
            for push in pushes:
                push.result().status_is(201)
            for deletion in deletions:
                deletion.result().status_is(202, 404)
        shown = repository.referrer_digests(subject.digest)
        paged = repository.referrers(subject.digest, n=1).status_is(200)
        expect(paged.link() is None, "the referrer is there twice")
        status = repository.head(content.digest).status_is(200, 404).status
        equal(shown, [content.digest] if status == 200 else [], f"the referrers, after HEAD said {status}")
        if repository.head("tag").status == 200:
            equal(status, 200, "HEAD of what a tag means")
        repository.delete(content.digest).status_is(202, 404)
        equal(repository.referrer_digests(subject.digest), [], "the referrers in the end")
