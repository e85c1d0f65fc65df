"""Uploads in one piece: POST alone, POST and PUT, and digests that do not fit (1.10.2, 1.10.5)."""
import re

from lib.answer import expect
from lib.content import EMPTY, EMPTY_JSON, digest_of, random_blob
from lib.register import group
from lib.repository import OCTETS

test = group("uploads in one piece")
BOTH = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]
SESSION = re.compile(r"[A-Za-z0-9_.=-]+")


def is_there(repository, digest, data):
    """Under the digest asked for, to HEAD and GET alike, at once."""
    for method in ("HEAD", "GET"):
        answer = repository.blob(digest, method).status_is(200)
        answer.header("Content-Length", str(len(data))).header("Docker-Content-Digest", digest)
        answer.body_is(b"" if method == "HEAD" else data)


def is_absent(repository, digest):
    repository.blob(digest, "HEAD").error(404)
    repository.blob(digest).error(404, "BLOB_UNKNOWN")


def was_created(answer, repository, digest):
    answer.status_is(201).header("Docker-Content-Digest", digest).header("Content-Length", "0")
    place = answer.location()
    expect(place == f"{repository.base}/blobs/{digest}", f"{answer}: Location {place}")


@test("U-6 a new upload has a place, an identifier, no bytes, and no body")
def start(t):
    answer = t.repo1.send("POST", "/blobs/uploads/", b"", {"Content-Length": "0"}).status_is(202)
    answer.header("Content-Length", "0").header("Range", "0-0").header("Docker-Upload-UUID", SESSION)
    expect(answer.location().startswith(t.repo1.base + "/blobs/uploads/"), f"{answer}: {answer.location()}")


@test("C-7 an upload may be started without the final slash")
def start_without_slash(t):
    t.repo1.send("POST", "/blobs/uploads", b"", {"Content-Length": "0"}).status_is(202)


@test("1.10.2 the body and type of a plain start are ignored")
def start_with_type(t):
    t.repo1.send("POST", "/blobs/uploads/", b"", {"Content-Type": "application/json"}).status_is(202)


@test("U-1 identifiers of uploads are unlike each other and long")
def identifiers(t):
    names = {t.repo1.send("POST", "/blobs/uploads/").status_is(202).get("Docker-Upload-UUID") for _ in range(20)}
    expect(len(names) == 20 and all(len(name) >= 22 for name in names), f"identifiers: {names}")


@test.cases("1.10.2 POST with a digest and the bytes is enough ({algorithm})", BOTH)
def post_only(t, algorithm):
    data = random_blob()
    digest = digest_of(data, algorithm)
    answer = t.repo1.send("POST", f"/blobs/uploads/?digest={digest}", data, OCTETS)
    was_created(answer, t.repo1, digest)
    is_there(t.repo1, digest, data)


@test("1.10.2 POST with a digest takes a body of unknown length")
def post_only_chunked(t):
    data = random_blob(200_000)
    digest = digest_of(data)
    answer = t.repo1.send("POST", f"/blobs/uploads/?digest={digest}", data, OCTETS, chunked=True)
    was_created(answer, t.repo1, digest)
    is_there(t.repo1, digest, data)


@test("1.10.2 POST with the digest of nothing and no body makes the empty blob")
def post_only_empty(t):
    answer = t.repo1.send("POST", f"/blobs/uploads/?digest={digest_of(EMPTY)}", b"", OCTETS)
    was_created(answer, t.repo1, digest_of(EMPTY))


@test("1.10.2 POST with another digest and no body only starts an upload")
def post_with_digest_starts(t):
    data = random_blob()
    digest = digest_of(data)
    answer = t.repo1.send("POST", f"/blobs/uploads/?digest={digest}", b"", {"Content-Length": "0"}).status_is(202)
    t.repo1.finish(answer.location(), digest, data).status_is(201)
    is_there(t.repo1, digest, data)


@test.cases("U-19 POST, then PUT with the bytes ({algorithm})", BOTH)
def post_put(t, algorithm):
    data = random_blob()
    digest = digest_of(data, algorithm)
    was_created(t.repo1.finish(t.repo1.start(), digest, data), t.repo1, digest)
    is_there(t.repo1, digest, data)


@test("U-19 PUT takes bytes of unknown length, and no type")
def put_chunked(t):
    data = random_blob(300_000)
    digest = digest_of(data)
    answer = t.repo1.finish(t.repo1.start(), digest, data, {"X-No-Type": "1"}, chunked=True)
    was_created(answer, t.repo1, digest)
    is_there(t.repo1, digest, data)


@test("U-19 a session is over when it was finished")
def session_ends(t):
    data = random_blob()
    place = t.repo1.start()
    t.repo1.finish(place, digest_of(data), data).status_is(201)
    t.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")


@test("U-20 a PUT that is repeated because its answer was lost is 201 again")
def put_again(t):
    data = random_blob()
    place, digest = t.repo1.start(), digest_of(data)
    t.repo1.append(place, data).status_is(202)
    t.repo1.finish(place, digest).status_is(201)
    was_created(t.repo1.finish(place, digest), t.repo1, digest)
    t.repo1.finish(place, digest_of(random_blob())).error(404, "BLOB_UPLOAD_UNKNOWN")


@test("U-20 so it is where others have pushed the same since")
def put_again_later(t):
    data = random_blob()
    digest = digest_of(data)
    places = [t.repo1.start() for _ in range(3)]
    for place in places:
        t.repo1.finish(place, digest, data).status_is(201)
    t.repo1.send("POST", f"/blobs/uploads/?digest={digest}", data).status_is(201)
    for place in places:
        was_created(t.repo1.finish(place, digest), t.repo1, digest)


@test("U-21 a blob may be uploaded again")
def twice(t):
    data = random_blob()
    for _ in range(2):
        t.repo1.push_blob(data)
    is_there(t.repo1, digest_of(data), data)


@test.cases("U-22 the empty blob and the empty object are blobs like others ({algorithm}, {size} bytes)", [
    {"algorithm": algorithm, "size": size} for algorithm in ("sha256", "sha512") for size in (0, 2)])
def empty(t, algorithm, size):
    repository, data = t.repository(), EMPTY_JSON if size else EMPTY
    digest = repository.push_blob(data, algorithm)
    is_there(repository, digest, data)
    repository.blob(digest, "DELETE").status_is(202)
    is_absent(repository, digest)


@test("U-16 PUT without a digest is refused, and the upload goes on")
def digest_missing(t):
    data = random_blob()
    place = t.repo1.start()
    t.client.send("PUT", place, b"", OCTETS).error(400, "DIGEST_INVALID")
    t.repo1.finish(place, digest_of(data), data).status_is(201)


@test.cases("U-16 PUT with the digest {digest} is refused, and the upload goes on", [
    {"digest": digest} for digest in (
        "sha256:baddigest", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha384:" + "a" * 96, "nonsense", "sha256:", ":" + "a" * 64)])
def digest_unusable(t, digest):
    data = random_blob()
    place = t.repo1.start()
    t.repo1.finish(place, digest, data).error(400, "DIGEST_INVALID")
    t.client.send("GET", place).status_is(204)
    t.repo1.finish(place, digest_of(data), data).status_is(201)


def surplus():
    """The bytes, five more, and the digest of the bytes alone."""
    data = random_blob()
    return data + random_blob(5), digest_of(data)


@test("U-18 bad digest: POST alone")
def bad_digest_post(t):
    data, digest = surplus()
    t.repo1.send("POST", f"/blobs/uploads/?digest={digest}", data, OCTETS).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)


@test("U-18 bad digest: POST and PUT; the upload is over")
def bad_digest_put(t):
    data, digest = surplus()
    place = t.repo1.start()
    t.repo1.finish(place, digest, data).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)
    t.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")


@test("U-18 bad digest: one chunk")
def bad_digest_chunk(t):
    data, digest = surplus()
    place = t.repo1.append(t.repo1.start(), data, 0).status_is(202).location()
    t.repo1.finish(place, digest).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)


@test("U-18 bad digest: streamed")
def bad_digest_stream(t):
    data, digest = surplus()
    place = t.repo1.append(t.repo1.start(), data, chunked=True).status_is(202).location()
    t.repo1.finish(place, digest).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)


@test("U-18 bad digest: several chunks, the last one with the PUT")
def bad_digest_chunks(t):
    data, digest = surplus()
    place = t.repo1.append(t.repo1.start(), data[:200], 0).status_is(202).location()
    headers = {**OCTETS, "Content-Range": f"200-{len(data) - 1}"}
    t.repo1.finish(place, digest, data[200:], headers).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)
    is_absent(t.repo1, digest_of(data))


@test("U-18 a blob in sha512 whose bytes are others is refused")
def bad_digest_sha512(t):
    data = random_blob()
    digest = digest_of(data + b"x", "sha512")
    t.repo1.finish(t.repo1.start(), digest, data).error(400, "DIGEST_INVALID")
    is_absent(t.repo1, digest)
    is_absent(t.repo1, digest_of(data))
