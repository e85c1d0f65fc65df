"""Parts of blobs (L-4)."""
import re

from lib.answer import expect
from lib.content import random_blob
from lib.register import group

test = group("ranges")
SIZE = 2048


def make(t, size=SIZE):
    data = random_blob(size)
    return data, t.repo1.push_blob(data)


@test.cases("L-4 {range} is 206 with {first}-{last}", [
    {"range": "bytes=500-1499", "first": 500, "last": 1499}, {"range": "bytes=500-", "first": 500, "last": 2047},
    {"range": "bytes=-500", "first": 1548, "last": 2047}, {"range": "bytes=2000-5000", "first": 2000, "last": 2047},
    {"range": "bytes=0-0", "first": 0, "last": 0}, {"range": "bytes=2047-2047", "first": 2047, "last": 2047},
    {"range": "bytes=0-", "first": 0, "last": 2047}, {"range": "bytes=-1", "first": 2047, "last": 2047},
    {"range": "bytes=-5000", "first": 0, "last": 2047}, {"range": "bytes=0-2047", "first": 0, "last": 2047},
    {"range": "bytes=1997-2047", "first": 1997, "last": 2047},
    {"range": "bytes=10-99999999999999999999", "first": 10, "last": 2047}])
def one(t, range, first, last):
    data, digest = make(t)
    answer = t.repo1.blob(digest, headers={"Range": range}).status_is(206)
    answer.header("Content-Range", f"bytes {first}-{last}/{SIZE}").header("Content-Length", str(last - first + 1))
    answer.header("Docker-Content-Digest", digest).header("Content-Type", "application/octet-stream")
    answer.header("Accept-Ranges", "bytes").body_is(data[first:last + 1])


@test.cases("L-4 {range} is 416 with the length", [{"range": range} for range in (
    "bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=2048-2048", "bytes=-0")])
def unsatisfiable(t, range):
    _, digest = make(t)
    answer = t.repo1.blob(digest, headers={"Range": range}).error(416, "RANGE_INVALID")
    answer.header("Content-Range", f"bytes */{SIZE}")


@test.cases("L-4 {range} is ignored: 200 with everything", [{"range": range} for range in (
    "lines=1-2", "bytes", "bytes=", "bytes=a-b", "bytes=-", "500-1499", "bytes=1-2-3", "bytes=0x1-0x2", "bytes:1-2")])
def ignored(t, range):
    data, digest = make(t)
    t.repo1.blob(digest, headers={"Range": range}).status_is(200).body_is(data)


@test("L-4 HEAD ignores ranges")
def head(t):
    _, digest = make(t)
    answer = t.repo1.blob(digest, "HEAD", {"Range": "bytes=0-9"}).status_is(200).header("Content-Length", str(SIZE))
    answer.header("Content-Range", None)


@test("L-4 any range of the empty blob is 416 or everything")
def of_nothing(t):
    digest = t.repo1.push_blob(b"")
    for range in ("bytes=0-0", "bytes=0-", "bytes=-5"):
        t.repo1.blob(digest, headers={"Range": range}).status_is(416, 200)


@test("L-3 If-Range with the digest's ETag gives the part, with another everything")
def if_range(t):
    data, digest = make(t)
    t.repo1.blob(digest, headers={"Range": "bytes=0-9", "If-Range": f'"{digest}"'}).status_is(206).body_is(data[:10])
    t.repo1.blob(digest, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_is(200).body_is(data)


def parts(answer):
    """The parts of a multipart answer as (Content-Range, bytes)."""
    match = re.fullmatch(r"multipart/byteranges; *boundary=([A-Za-z0-9]+)", answer.get("Content-Type") or "")
    expect(match, f"Content-Type {answer.get('Content-Type')!r}")
    answer.header("Content-Length", str(len(answer.body))).header("Content-Range", None)
    boundary, found = match.group(1).encode(), []
    sections = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    expect(sections[0] == b"" and sections[-1].rstrip(b"\r\n") == b"--", "the boundaries are not in their places")
    for section in sections[1:-1]:
        head, _, body = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        fields = {name.lower(): value for name, value in fields.items()}
        expect(fields.get("content-type") == "application/octet-stream", f"a part's head is {fields}")
        found.append((fields.get("content-range"), body))
    return found


def asked(t, data, digest, ranges):
    text = "bytes=" + ",".join(f"{first}-{last}" for first, last in ranges)
    answer = t.repo1.blob(digest, headers={"Range": text}).status_is(206)
    found = parts(answer)
    expect(len(found) == len(ranges), f"{len(found)} parts of {len(ranges)}")
    for (place, body), (first, last) in zip(found, ranges):
        expect(place == f"bytes {first}-{last}/{len(data)}", f"a part is {place}, expected {first}-{last}")
        expect(body == data[first:last + 1], f"the part {place} has other bytes")


@test("L-4 several ranges come as as many parts in the order asked")
def several(t):
    data, digest = make(t)
    asked(t, data, digest, [(0, 9), (100, 199)])
    asked(t, data, digest, [(1000, 1009), (0, 0), (500, 600), (2047, 2047)])


@test("L-4 neighbouring and overlapping ranges are not joined")
def not_joined(t):
    data, digest = make(t)
    asked(t, data, digest, [(0, 9), (10, 19), (20, 29)])
    asked(t, data, digest, [(0, 99), (50, 149), (0, 99)])


@test("L-4 of several ranges those beyond the end are left out; if all are, the answer is 416")
def some_beyond(t):
    data, digest = make(t)
    answer = t.repo1.blob(digest, headers={"Range": "bytes=0-9,5000-6000"}).status_is(206)
    if (answer.get("Content-Type") or "").startswith("multipart/"):
        expect(parts(answer) == [(f"bytes 0-9/{SIZE}", data[:10])], f"{answer}: other parts")
    else:
        answer.header("Content-Range", f"bytes 0-9/{SIZE}").body_is(data[:10])
    t.repo1.blob(digest, headers={"Range": "bytes=5000-6000,7000-8000"}).error(416, "RANGE_INVALID")


@test("L-4 spaces around the ranges do not matter")
def spaces(t):
    data, digest = make(t)
    answer = t.repo1.blob(digest, headers={"Range": "bytes=0-9 , 20-29"}).status_is(206)
    expect([body for _, body in parts(answer)] == [data[:10], data[20:30]], "other parts")


@test("1.18 a request may have 1024 ranges, as lazy pullers make them")
def many(t):
    data, digest = make(t, 1 << 20)
    asked(t, data, digest, [(start * 1000, start * 1000 + 99) for start in range(1024)])


@test("1.18 1025 ranges are refused")
def too_many(t):
    _, digest = make(t, 1 << 20)
    text = "bytes=" + ",".join(f"{start * 1000}-{start * 1000 + 99}" for start in range(1025))
    t.repo1.blob(digest, headers={"Range": text}).error(400)


@test("L-4 ranges that overlap to more than twice the blob are refused")
def amplified(t):
    _, digest = make(t, 100_000)
    t.repo1.blob(digest, headers={"Range": "bytes=0-,0-"}).status_is(206)
    t.repo1.blob(digest, headers={"Range": "bytes=0-,0-,0-0"}).error(400)
    t.repo1.blob(digest, headers={"Range": "bytes=" + ",".join(["0-99999"] * 1000)}).error(400)
