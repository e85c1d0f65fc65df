"""Uploads in pieces (1.10.3): streamed, chunked, out of order."""
import re

from lib.answer import expect
from lib.content import digest_of, random_blob
from lib.register import group
from lib.repository import OCTETS, with_query

test = group("uploads in pieces")
BOTH = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]


def reaches(answer, length, status=202):
    """What an upload answers with `length` bytes in it (U-6)."""
    answer.status_is(status).header("Range", f"0-{max(length - 1, 0)}").body_is(b"")
    # HTTP forbids a length in a 204, whatever U-6 says of it.
    expect(answer.get("Content-Length", "0" if status == 204 else None) == "0", f"{answer}: no Content-Length: 0")
    expect(answer.get("Docker-Upload-UUID"), f"{answer}: no Docker-Upload-UUID")
    offset = answer.get("OCI-Upload-Offset")
    expect(offset in (None, str(length)), f"{answer}: OCI-Upload-Offset {offset}, expected {length}")
    return answer.location()


def refused(t, answer, length):
    """416, and the address that refused still tells where to go on (U-9, U-10)."""
    answer.error(416, "RANGE_INVALID").header("Range", f"0-{max(length - 1, 0)}")
    expect(answer.get("Docker-Upload-UUID"), f"{answer}: no Docker-Upload-UUID")
    answer.location()
    return reaches(t.client.send("GET", answer.path), length, 204)


def finished(t, place, data, algorithm="sha256", **more):
    digest = digest_of(data, algorithm)
    answer = t.repo1.finish(place, digest, **more).status_is(201).header("Docker-Content-Digest", digest)
    expect(answer.location() == f"{t.repo1.base}/blobs/{digest}", f"{answer}: {answer.location()}")
    t.repo1.blob(digest).status_is(200).body_is(data)


def chunk_size(t):
    """At least what the server asks for, as clients do (U-14)."""
    answer = t.repo1.send("POST", "/blobs/uploads/").status_is(202)
    return max(1024, int(answer.get("OCI-Chunk-Min-Length", "0")))


@test.cases("U-8 one chunk ({algorithm})", BOTH)
def one(t, algorithm):
    data = random_blob()
    place = reaches(t.repo1.append(t.repo1.start(), data, 0), len(data))
    finished(t, place, data, algorithm)


@test.cases("U-7 streamed: no range, no length ({algorithm})", BOTH)
def streamed(t, algorithm):
    data = random_blob(200_000)
    place = reaches(t.repo1.append(t.repo1.start(), data, chunked=True), len(data))
    finished(t, place, data, algorithm)


@test("U-7 streamed: no type")
def streamed_without_type(t):
    data = random_blob()
    place = reaches(t.repo1.append(t.repo1.start(), data, headers={"X-No-Type": "1"}, chunked=True), len(data))
    finished(t, place, data)


@test.cases("U-7 the type {kind} of a piece is ignored", [
    {"kind": kind} for kind in ("application/json", "text/plain; charset=utf-8", "application/x-www-form-urlencoded")])
def any_type(t, kind):
    data = random_blob()
    place = reaches(t.repo1.append(t.repo1.start(), data, headers={"Content-Type": kind}), len(data))
    finished(t, place, data)


@test("U-7 pieces without a range are put one behind the other")
def appended(t):
    data = random_blob(3000)
    place = t.repo1.start()
    for end in (1000, 2000, 3000):
        place = reaches(t.repo1.append(place, data[end - 1000:end]), end)
    finished(t, place, data)


@test.cases("U-8 several chunks ({algorithm})", BOTH)
def several(t, algorithm):
    size = chunk_size(t)
    data = random_blob(size * 2 + 17)
    place = t.repo1.start()
    for start in (0, size, size * 2):
        chunk = data[start:start + size]
        place = reaches(t.repo1.append(place, chunk, start), start + len(chunk))
    finished(t, place, data, algorithm)


@test.cases("U-17 several chunks, the last one with the PUT ({algorithm})", BOTH)
def last_with_put(t, algorithm):
    size = chunk_size(t)
    data = random_blob(size + 100)
    place = reaches(t.repo1.append(t.repo1.start(), data[:size], 0), size)
    finished(t, place, data, algorithm, body=data[size:],
             headers={**OCTETS, "Content-Range": f"{size}-{len(data) - 1}"})


@test("U-17 the PUT's bytes are added without a range too")
def rest_with_put(t):
    data = random_blob(1500)
    place = reaches(t.repo1.append(t.repo1.start(), data[:1000], 0), 1000)
    finished(t, place, data, body=data[1000:], chunked=True)


@test("U-10 before every chunk a wrong one: 416 each time, and the upload goes on at the refused address")
def out_of_order(t):
    size = chunk_size(t)
    data = random_blob(size * 3)
    place = t.repo1.start()
    for start in (0, size, size * 2):
        chunk = data[start:start + size]
        wrong = (start + size) % len(data) or size * 5
        place = refused(t, t.repo1.append(place, chunk, wrong), start)
        place = reaches(t.repo1.append(place, chunk, start), start + size)
    finished(t, place, data)


@test("U-17 a PUT with a wrong range is 416, and the upload goes on at the refused address")
def wrong_put(t):
    size = chunk_size(t)
    data = random_blob(size * 2)
    digest = digest_of(data)
    place = reaches(t.repo1.append(t.repo1.start(), data[:size], 0), size)
    for start in (0, size - 1, size + 1, size * 7):
        headers = {**OCTETS, "Content-Range": f"{start}-{start + size - 1}"}
        place = refused(t, t.repo1.finish(place, digest, data[size:], headers), size)
    t.repo1.blob(digest, "HEAD").status_is(404)
    finished(t, place.split("?digest=")[0], data, body=data[size:],
             headers={**OCTETS, "Content-Range": f"{size}-{size * 2 - 1}"})


@test("U-9 an end before the start is 416")
def end_before_start(t):
    place = t.repo1.start()
    refused(t, t.client.send("PATCH", place, b"", {**OCTETS, "Content-Range": "5-4"}), 0)
    refused(t, t.client.send("PATCH", place, b"", {**OCTETS, "Content-Range": "1-0"}), 0)


@test("U-13 a chunk that is there already is 416, not taken again")
def repeated(t):
    data = random_blob(1000)
    place = reaches(t.repo1.append(t.repo1.start(), data, 0), 1000)
    place = refused(t, t.repo1.append(place, data, 0), 1000)
    finished(t, place, data)


@test("U-9 chunks that overlap are 416 and change nothing")
def overlapping(t):
    data = random_blob(2000)
    place = reaches(t.repo1.append(t.repo1.start(), data[:1000], 0), 1000)
    place = refused(t, t.repo1.append(place, data[500:1500], 500), 1000)
    place = reaches(t.repo1.append(place, data[1000:], 1000), 2000)
    finished(t, place, data)


@test.cases("U-9 a chunk {declared} with {sent} bytes is 400 SIZE_INVALID, and the upload stays where it was", [
    {"declared": "0-999", "sent": 999}, {"declared": "0-999", "sent": 1001}, {"declared": "0-0", "sent": 0}])
def wrong_length(t, declared, sent):
    place = t.repo1.start()
    answer = t.client.send("PATCH", place, random_blob(sent), {**OCTETS, "Content-Range": declared})
    answer.error(400, "SIZE_INVALID")
    reaches(t.client.send("GET", place), 0, 204)


@test.cases("U-9 a chunk {declared} of unknown length with {sent} bytes is 400 SIZE_INVALID", [
    {"declared": "0-999", "sent": 998}, {"declared": "0-999", "sent": 1002}, {"declared": "0-99999", "sent": 200000}])
def wrong_length_chunked(t, declared, sent):
    place = t.repo1.start()
    answer = t.client.send("PATCH", place, random_blob(sent), {**OCTETS, "Content-Range": declared}, chunked=True)
    answer.error(400, "SIZE_INVALID")
    reaches(t.client.send("GET", place), 0, 204)
    data = random_blob()
    finished(t, place, data, body=data)


@test.cases("U-8 the range {text} means 0-999", [
    {"text": text} for text in ("bytes 0-999", "0-999/1000", "bytes 0-999/1000", "0-999/*", "bytes 0-999/*")])
def tolerated(t, text):
    data = random_blob(1000)
    answer = t.client.send("PATCH", t.repo1.start(), data, {**OCTETS, "Content-Range": text})
    finished(t, reaches(answer, 1000), data)


@test.cases("U-8 the range {text!r} is 400 BLOB_UPLOAD_INVALID, and the upload stays", [
    {"text": text} for text in ("abc", "0", "0-", "-9", "0-9-10", "0x0-0x9", "a-b", "0 - 9", "items 0-9", "+0-9", "0-9;")])
def unparsable(t, text):
    place = t.repo1.start()
    t.client.send("PATCH", place, random_blob(10), {**OCTETS, "Content-Range": text}).error(400, "BLOB_UPLOAD_INVALID")
    reaches(t.client.send("GET", place), 0, 204)


@test.cases("U-8 the range {text} is refused without harm", [
    {"text": text} for text in ("0-9223372036854775807", "18446744073709551616-18446744073709551626",
                                "9223372036854775807-9223372036854775808", "0-" + "9" * 400)])
def enormous(t, text):
    place = t.repo1.start()
    answer = t.client.send("PATCH", place, random_blob(10), {**OCTETS, "Content-Range": text})
    answer.error((400, 416), ("BLOB_UPLOAD_INVALID", "SIZE_INVALID", "RANGE_INVALID"))
    reaches(t.client.send("GET", place), 0, 204)


@test("U-11 a piece of no bytes is a success")
def nothing(t):
    data = random_blob(100)
    place = reaches(t.repo1.append(t.repo1.start(), b""), 0)
    place = reaches(t.repo1.append(place, data), 100)
    place = reaches(t.repo1.append(place, b""), 100)
    finished(t, place, data)


@test("U-6 an upload of one byte is at 0-0, and goes on at 1")
def one_byte(t):
    data = random_blob(2)
    place = reaches(t.repo1.append(t.repo1.start(), data[:1], 0), 1)
    place = reaches(t.repo1.append(place, data[1:], 1), 2)
    finished(t, place, data)


@test("U-1 the first address of an upload stays good, and unknown parameters are ignored")
def first_address(t):
    data = random_blob(2000)
    place = t.repo1.start()
    reaches(t.repo1.append(place, data[:1000], 0), 1000)
    reaches(t.repo1.append(with_query(place, other="1", _unknown="x"), data[1000:], 1000), 2000)
    finished(t, place, data)


@test("U-14 with files as storage no least length of chunks is asked for; where one is, it is a number")
def least_length(t):
    value = t.repo1.send("POST", "/blobs/uploads/").get("OCI-Chunk-Min-Length")
    expect(value is None or re.fullmatch(r"[0-9]+", value), f"OCI-Chunk-Min-Length: {value}")


@test("U-14 chunks of one byte are taken")
def tiny(t):
    data = random_blob(20)
    place = t.repo1.start()
    for index in range(20):
        place = reaches(t.repo1.append(place, data[index:index + 1], index), index + 1)
    finished(t, place, data)


@test("U-7 a blob of 40 MiB in five streams")
def large(t):
    data = random_blob(40 << 20)
    size, place = 8 << 20, t.repo1.start()
    for start in range(0, len(data), size):
        place = reaches(t.repo1.append(place, data[start:start + size], chunked=start % 3 == 0), start + size)
    finished(t, place, data)
