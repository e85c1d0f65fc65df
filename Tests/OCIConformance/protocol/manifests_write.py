"""Putting manifests: size, type, digest, answers, preconditions (1.6)."""
import json
from concurrent.futures import ThreadPoolExecutor

from lib.answer import expect
from lib.content import (
    ABSENT, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, artifact, digest_of, image, index, random_blob)
from lib.register import group

test = group("writing manifests")
LIMIT = 4 << 20


def padded(content, size):
    """The image with an annotation that brings it to this many bytes."""
    document = {**content.document, "annotations": {"pad": ""}}
    document["annotations"]["pad"] = "x" * (size - len(json.dumps(document)))
    return json.dumps(document).encode()


def was_put(answer, repository, digest):
    answer.status_is(201).header("Docker-Content-Digest", digest).header("Content-Length", "0")
    expect(answer.location() == f"{repository.base}/manifests/{digest}", f"{answer}: {answer.location()}")


@test.cases("P-10 a PUT by {by} is 201 with its place by digest, which can be read at once", [{"by": "tag"}, {"by": "digest"}])
def put(t, by):
    repository, content = t.repository(), image()
    repository.push(content)
    answer = repository.put("v1" if by == "tag" else content.digest, content)
    was_put(answer, repository, content.digest)
    t.client.send("GET", answer.location()).status_is(200).body_is(content.data).header("Content-Type", content.kind)


@test("P-11 the same PUT again is 201 again")
def again(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    for _ in range(3):
        was_put(repository.put("v1", content), repository, content.digest)
        was_put(repository.put(content.digest, content), repository, content.digest)


@test("N-13 a tag that is put again names the new manifest; the old one stays by its digest")
def overwrite(t):
    repository = t.repository()
    old, new = repository.push(image(), "v1"), repository.push(image(), "v1")
    repository.get("v1").status_is(200).body_is(new.data).header("Docker-Content-Digest", new.digest)
    repository.get(old.digest).status_is(200).body_is(old.data)


@test("P-1 a manifest of 4 MiB is taken and comes back, by tag and by digest")
def largest(t):
    repository = t.repository()
    content = repository.push(image())
    data = padded(content, LIMIT)
    expect(len(data) == LIMIT, f"{len(data)} bytes")
    was_put(repository.put("large", data), repository, digest_of(data))
    was_put(repository.put(digest_of(data), data), repository, digest_of(data))
    repository.get("large").status_is(200).body_is(data)
    repository.head(digest_of(data)).status_is(200).header("Content-Length", str(LIMIT))


@test("P-1 one byte more is 413 MANIFEST_INVALID, and nothing is stored")
def too_large(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    data = padded(content, LIMIT + 1)
    repository.put("large", data).error(413, "MANIFEST_INVALID")
    repository.get("large").error(404)
    repository.get(digest_of(data)).error(404)


@test("P-1 a manifest of unknown length is refused when it passes 4 MiB")
def too_large_chunked(t):
    data = padded(image(), LIMIT + 100_000)
    t.repo1.send("PUT", "/manifests/large", data, {"Content-Type": OCI_MANIFEST}, chunked=True) \
        .error(413, "MANIFEST_INVALID")


@test("P-1 a manifest whose length says too much is refused before it is read")
def too_large_said(t):
    with t.raw() as raw:
        raw.begin("PUT", f"{t.repo1.base}/manifests/large", {"Content-Type": OCI_MANIFEST, "Content-Length": "4194305"})
        raw.answer().error(413, "MANIFEST_INVALID")


@test.cases("P-2 with the type {kind} the manifest's own type counts", [
    {"kind": kind} for kind in (None, "application/json", "application/octet-stream", "text/plain; charset=utf-8")])
def own_type(t, kind):
    repository = t.repository()
    for content in (image(), index(), image(docker=True)):
        repository.push(content)
        headers = {"Content-Type": kind} if kind else {}
        repository.send("PUT", "/manifests/v1", content.data, headers).status_is(201)
        repository.head("v1").status_is(200).header("Content-Type", content.kind)


@test("P-2 without any type an index is known by its manifests, an image by its config and layers")
def guessed(t):
    repository = t.repository()
    for content in (image(), index()):
        repository.push(content)
        document = content.document
        del document["mediaType"]
        repository.send("PUT", "/manifests/v1", json.dumps(document).encode()).status_is(201)
        repository.head("v1").status_is(200).header("Content-Type", content.kind)


@test("P-2 without any type and shape it is 400")
def nothing_to_guess(t):
    repository = t.repository()
    repository.send("PUT", "/manifests/v1", b'{"schemaVersion":2}').error(400, "MANIFEST_INVALID")


@test("P-2 two types that differ are 400")
def types_differ(t):
    repository = t.repository()
    content = repository.push(image())
    for kind in (DOCKER_MANIFEST, OCI_INDEX):
        repository.put("v1", content, kind).error(400, "MANIFEST_INVALID")


@test("P-3 schema 1 is 415 UNSUPPORTED")
def schema_one(t):
    document = {"schemaVersion": 1, "name": "x/y", "tag": "v1", "architecture": "amd64", "fsLayers": [], "history": []}
    for kind in ("application/vnd.docker.distribution.manifest.v1+json",
                 "application/vnd.docker.distribution.manifest.v1+prettyjws"):
        t.repo1.put("schema-1", document, kind).error(415, "UNSUPPORTED")


@test.cases("P-3 an unknown kind of JSON, {kind}, is kept as it is", [
    {"kind": kind} for kind in ("application/vnd.oci.artifact.manifest.v1+json",
                                "application/vnd.cncf.oras.artifact.manifest.v1+json", "application/vnd.example.thing+json")])
def opaque(t, kind):
    repository = t.repository()
    data = random_blob()
    document = {"mediaType": kind, "artifactType": "application/vnd.example",
                "blobs": [{"mediaType": "application/octet-stream", "digest": repository.push_blob(data), "size": len(data)}]}
    answer = repository.put("v1", document, kind).status_is(201)
    repository.get("v1").status_is(200).header("Content-Type", kind).header("Docker-Content-Digest", answer.get("Docker-Content-Digest"))


@test.cases("P-3 an unknown kind with the members {members} is kept as it is", [{"members": members} for members in (
    {"layers": "x"}, {"config": "s"}, {"annotations": {"a": 1}}, {"subject": {"foo": 1}}, {"manifests": 5}, {"blobs": "q"},
    {"config": {"digest": "x"}, "layers": [1, 2], "schemaVersion": "two"})])
def opaque_members(t, members):
    kind = "application/vnd.example.thing+json"
    answer = t.repo1.put("odd", members, kind).status_is(201).header("OCI-Subject", None)
    t.repo1.get(answer.get("Docker-Content-Digest")).status_is(200).header("Content-Type", kind)


@test.cases("G-3 an index may name {digest}, in an algorithm that nobody knows here", [{"digest": digest} for digest in (
    "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564")])
def foreign_child(t, digest):
    child = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 5}
    t.repo1.put("foreign", index([], manifests=[child])).status_is(201)
    t.repo1.get("foreign").status_is(200)
    t.repo1.get(digest).error(400, "DIGEST_INVALID")


@test("P-3 the blobs of an unknown kind must be there")
def opaque_blobs(t):
    kind = "application/vnd.oci.artifact.manifest.v1+json"
    missing = digest_of(random_blob())
    document = {"mediaType": kind, "blobs": [{"mediaType": "application/octet-stream", "digest": missing, "size": 512}]}
    answer = t.repo1.put("opaque", document, kind).error(400, "MANIFEST_BLOB_UNKNOWN")
    expect(missing in answer.details(), f"{answer}: the digest is not in the details")


@test.cases("P-3 a manifest of the type {kind} is not taken", [{"kind": kind} for kind in ("text/html", "image/png", "nonsense")])
def no_manifest_type(t, kind):
    t.repo1.put("odd", artifact(), kind).error((400, 415))


@test("P-8 a body with another digest is 400 DIGEST_INVALID, and nothing is stored")
def other_digest(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    other = artifact()
    repository.put(other.digest, content.data + b"  ").error(400, "DIGEST_INVALID")
    repository.put(content.digest, content.data + b"  ").error(400, "DIGEST_INVALID")
    repository.get(other.digest).error(404)
    repository.get(digest_of(content.data + b"  ")).error(404)
    repository.get(content.digest).status_is(200).body_is(content.data)


@test.cases("G-4 a PUT to {reference} is 400 DIGEST_INVALID", [{"reference": reference} for reference in (
    "sha256:baddigeststring", "sha256:" + "a" * 63, "sha256:" + "A" * 64, "md5:" + "a" * 32, "sha384:" + "a" * 96, ":", "a:b")])
def bad_digest(t, reference):
    t.repo1.put(reference, image()).error(400, "DIGEST_INVALID")


@test.cases("G-4 GET, HEAD and DELETE of {reference} are 400 or 404", [
    {"reference": reference} for reference in ("sha256:baddigeststring", "md5:" + "a" * 32, "sha256:")])
def bad_digest_read(t, reference):
    for method in ("GET", "HEAD", "DELETE"):
        t.repo1.send(method, f"/manifests/{reference}").error((400, 404), ("DIGEST_INVALID", "MANIFEST_UNKNOWN"))


@test.cases("G-2 a PUT to the tag {tag} is 400 TAG_INVALID", [
    {"tag": tag} for tag in ("-x", ".x", "a" * 129, "a%20b", "%C3%A9", "a%2Bb", "a@b")])
def bad_tag(t, tag):
    t.repo1.put(tag, image()).error(400, "TAG_INVALID")


@test.cases("G-2 the tag {tag} is good", [{"tag": tag} for tag in ("_", "A.b-C_d", "1", "a" * 128, "latest", "sha256-abc.sig")])
def good_tag(t, tag):
    content = t.repo1.push(image())
    t.repo1.put(tag, content).status_is(201)
    t.repo1.get(tag).status_is(200).body_is(content.data)


def tag_is(repository, tag, content):
    repository.head(tag).status_is(200).header("Docker-Content-Digest", content.digest)


@test("P-12 If-Match writes only while the tag is at that digest")
def if_match(t):
    repository = t.repository()
    first, second, third = repository.push(image(), "v1"), repository.push(image()), repository.push(image())
    repository.put("v1", second, headers={"If-Match": f'"{first.digest}"'}).status_is(201)
    answer = repository.put("v1", third, headers={"If-Match": f'"{first.digest}"'}).error(412, "DENIED")
    expect(second.digest in answer.details(), f"{answer}: the present digest is not in the details")
    tag_is(repository, "v1", second)


@test("P-12 If-Match on a tag that does not exist is 412, and nothing is stored")
def if_match_absent(t):
    repository = t.repository()
    content = image()
    repository.push(image(), "v1")
    for data in content.blobs:
        repository.push_blob(data)
    for value in (f'"{ABSENT["sha256"]}"', "*"):
        repository.put("new", content, headers={"If-Match": value}).error(412, "DENIED")
    repository.head("new").status_is(404)
    repository.get(content.digest).error(404)


@test("P-12 If-None-Match * writes only while there is no such tag")
def if_none_match(t):
    repository = t.repository()
    first, second = repository.push(image()), repository.push(image())
    repository.put("v1", first, headers={"If-None-Match": "*"}).status_is(201)
    answer = repository.put("v1", second, headers={"If-None-Match": "*"}).error(412, "DENIED")
    expect(first.digest in answer.details(), f"{answer}: the present digest is not in the details")
    tag_is(repository, "v1", first)


@test("P-12 of many who create a tag with If-None-Match, one succeeds")
def race(t):
    repository = t.repository()
    contents = [repository.push(image()) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda c: repository.put("v1", c, headers={"If-None-Match": "*"}), contents))
    won = [content for content, answer in zip(contents, answers) if answer.status == 201]
    expect(len(won) == 1 and all(answer.status in (201, 412) for answer in answers), str([a.status for a in answers]))
    tag_is(repository, "v1", won[0])


@test("P-12 of many who change a tag with If-Match, one succeeds")
def race_to_change(t):
    repository = t.repository()
    first = repository.push(image(), "v1")
    contents = [repository.push(image()) for _ in range(8)]
    condition = {"If-Match": f'"{first.digest}"'}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: repository.put("v1", content, headers=condition), contents))
    won = [content for content, answer in zip(contents, answers) if answer.status == 201]
    expect(len(won) == 1 and all(answer.status in (201, 412) for answer in answers), str([a.status for a in answers]))
    tag_is(repository, "v1", won[0])
