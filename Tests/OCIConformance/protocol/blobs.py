"""Reading and deleting blobs (1.8, 1.9)."""
import re

from lib.answer import expect
from lib.content import ABSENT, digest_of, image, random_blob
from lib.register import group
from lib.repository import OCTETS

test = group("blobs")
BOTH = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]
IMMUTABLE = re.compile(r"(?=.*\bmax-age=31536000\b)(?=.*\bimmutable\b).*")


@test.cases("L-1 {method} has length, digest, type, ETag, ranges and a policy for caches ({algorithm})", [
    {"method": method, "algorithm": algorithm} for method in ("GET", "HEAD") for algorithm in ("sha256", "sha512")])
def headers(t, method, algorithm):
    data = random_blob(700)
    digest = t.repo1.push_blob(data, algorithm)
    answer = t.repo1.blob(digest, method).status_is(200).body_is(data if method == "GET" else b"")
    answer.header("Content-Length", "700").header("Docker-Content-Digest", digest).header("ETag", f'"{digest}"')
    answer.header("Content-Type", "application/octet-stream").header("Accept-Ranges", "bytes")
    answer.header("Cache-Control", IMMUTABLE)


@test.cases("L-2 {method} of a blob that nobody has is 404 ({algorithm})", [
    {"method": method, "algorithm": algorithm} for method in ("GET", "HEAD") for algorithm in ("sha256", "sha512")])
def missing(t, method, algorithm):
    digest = digest_of(random_blob(), algorithm)
    answer = t.repo1.blob(digest, method).error(404, "BLOB_UNKNOWN")
    expect(method == "HEAD" or digest in answer.details(), f"{answer}: the digest is not in the details")


@test("L-2 a blob of another repository is 404 in the same words")
def elsewhere(t):
    data, never = random_blob(), digest_of(random_blob())
    digest = t.repo2.push_blob(data)
    there = t.repo1.blob(digest).error(404, "BLOB_UNKNOWN")
    nowhere = t.repo1.blob(never).error(404, "BLOB_UNKNOWN")
    expect(there.body.replace(digest.encode(), b"") == nowhere.body.replace(never.encode(), b""),
           f"{there}; {nowhere}: the answers differ")
    names = [sorted(name for name, _ in answer.headers if name not in ("date",)) for answer in (there, nowhere)]
    expect(names[0] == names[1], f"the answers' headers differ: {names}")


@test.cases("L-3 If-None-Match {form} is 304 without a body", [
    {"form": form} for form in ('"{digest}"', '{digest}', 'W/"{digest}"', '*', '"x", "{digest}"', 'W/"x",W/"{digest}"')])
def not_modified(t, form):
    digest = t.repo1.push_blob(random_blob())
    for method in ("GET", "HEAD"):
        answer = t.repo1.blob(digest, method, {"If-None-Match": form.format(digest=digest)})
        answer.status_is(304).body_is(b"").header("ETag", f'"{digest}"').header("Docker-Content-Digest", digest)


@test("L-3 If-None-Match with something else is 200")
def modified(t):
    data = random_blob()
    digest = t.repo1.push_blob(data)
    for value in (f'"{ABSENT["sha256"]}"', '"x"', ABSENT["sha512"]):
        t.repo1.blob(digest, headers={"If-None-Match": value}).status_is(200).body_is(data)


@test("L-6 a visible manifest is also a blob")
def manifest(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    for method in ("HEAD", "GET"):
        answer = repository.blob(content.digest, method).status_is(200).header("Docker-Content-Digest", content.digest)
        answer.header("Content-Length", str(len(content.data))).body_is(content.data if method == "GET" else b"")
    t.repository().blob(content.digest).error(404)


@test("C-9 no coding is applied, whatever is accepted")
def no_coding(t):
    data = b"a" * 50_000
    digest = t.repo1.push_blob(data)
    answer = t.repo1.blob(digest, headers={"Accept-Encoding": "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5"})
    answer.status_is(200).header("Content-Encoding", None).header("Content-Length", "50000").body_is(data)


@test.cases("H-1 the digest {digest} is 400 DIGEST_INVALID", [{"digest": digest} for digest in (
    "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:" + "A" * 64, "sha256:abc", "sha256:" + "g" * 64,
    "sha512:" + "a" * 64, "sha1:" + "a" * 40, "sha384:" + "a" * 96, "x+y.z:aaaa", "SHA256:" + "a" * 64)])
def unusable(t, digest):
    for method in ("GET", "HEAD", "DELETE"):
        t.repo1.blob(digest, method).error(400, "DIGEST_INVALID")


@test.cases("X-1 a deleted blob is 404 at once, and can be uploaded again ({algorithm})", BOTH)
def delete(t, algorithm):
    data = random_blob()
    digest = t.repo1.push_blob(data, algorithm)
    t.repo1.blob(digest, "DELETE").status_is(202).body_is(b"")
    for method in ("HEAD", "GET", "DELETE"):
        t.repo1.blob(digest, method).error(404, "BLOB_UNKNOWN")
    t.repo1.push_blob(data, algorithm)
    t.repo1.blob(digest).status_is(200).body_is(data)


@test("X-1 deleting a blob in one repository leaves it in another")
def delete_here(t):
    data = random_blob()
    digest = t.repo1.push_blob(data)
    t.repo2.push_blob(data)
    t.repo1.blob(digest, "DELETE").status_is(202)
    t.repo1.blob(digest).error(404, "BLOB_UNKNOWN")
    t.repo2.blob(digest).status_is(200).body_is(data)


@test("X-1 a manifest that is deleted as a blob is no blob any more, until it is pushed again")
def delete_manifest(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    repository.blob(content.digest).status_is(200).body_is(content.data)
    repository.blob(content.digest, "DELETE").status_is(202)
    for method in ("HEAD", "GET", "DELETE"):
        repository.blob(content.digest, method).error(404, "BLOB_UNKNOWN")
    repository.get("v1").status_is(200).body_is(content.data)
    repository.put("v1", content).status_is(201)
    repository.blob(content.digest).status_is(200).body_is(content.data)


@test("X-1 deleting a blob that never was is 404")
def delete_missing(t):
    t.repo1.blob(digest_of(random_blob()), "DELETE").error(404, "BLOB_UNKNOWN")


@test("X-2 a blob that an image needs may be deleted, and is not seen by way of the image any more")
def delete_used(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    layer = digest_of(content.layers[0])
    repository.blob(layer, "DELETE").status_is(202)
    repository.blob(layer).error(404, "BLOB_UNKNOWN")
    repository.get("v1").status_is(200)
    repository.push_blob(content.layers[0])
    repository.blob(layer).status_is(200).body_is(content.layers[0])


@test("1.8 a blob of 64 MiB comes back as it went")
def large(t):
    data = random_blob(64 << 20)
    digest = digest_of(data)
    t.repo1.finish(t.repo1.start(), digest, data, OCTETS).status_is(201)
    t.repo1.blob(digest).status_is(200).body_is(data)


@test("6.1 a reader who stops in the middle of a blob does no harm")
def abandoned(t):
    digest = t.repo1.push_blob(random_blob(32 << 20))
    for _ in range(5):
        with t.raw() as raw:
            raw.begin("GET", f"{t.repo1.base}/blobs/{digest}", {"Range": "bytes=100-"})
            while len(raw.received) < 10_000:
                expect(raw.more(), "the connection ended")
    t.repo1.blob(digest, "HEAD").status_is(200)
