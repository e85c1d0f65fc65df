"""Uploads by somebody who means harm, or whose network does (9.6)."""
import gzip
import time
from concurrent.futures import ThreadPoolExecutor

from lib.answer import Failure, expect
from lib.content import digest_of, random_blob
from lib.raw import eventually
from lib.register import group
from lib.repository import OCTETS, with_query

test = group("hostile uploads")


def lives(t):
    """The server still does its work."""
    data = random_blob(10_000)
    t.repo1.blob(t.repo1.push_blob(data)).status_is(200).body_is(data)


@test("9.6 bodies that end early make no blob, whatever the request")
def truncated(t):
    data = random_blob(100_000)
    digest = digest_of(data)
    for method, path in (("POST", f"{t.repo1.base}/blobs/uploads/?digest={digest}"),
                         ("PUT", with_query(t.repo1.start(), digest=digest)), ("PATCH", t.repo1.start())):
        for chunked in (False, True):
            with t.raw() as raw:
                raw.begin(method, path, {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": "100000"})
                raw.send((b"186a0\r\n" if chunked else b"") + data[:60_000])
            t.repo1.blob(digest, "HEAD").status_is(404)
    lives(t)


@test("9.6 a manifest whose body ends early is not stored")
def truncated_manifest(t):
    repository = t.repository()
    with t.raw() as raw:
        raw.begin("PUT", f"{repository.base}/manifests/v1",
                  {"Content-Length": "1000", "Content-Type": "application/vnd.oci.image.manifest.v1+json"})
        raw.send(b'{"schemaVersion":2}')
    repository.head("v1").status_is(404)
    lives(t)


@test.cases("9.6 a chunked body with {what} is refused or cut off", [
    {"what": what, "data": data} for what, data in (
        ("a length that is no number", b"xyz\r\nabc\r\n0\r\n\r\n"), ("a negative length", b"-5\r\nabc\r\n0\r\n\r\n"),
        ("an enormous length", b"ffffffffffffffffff\r\nabc\r\n"), ("no line end behind a chunk", b"3\r\nabcXX0\r\n\r\n"),
        ("a line of a megabyte", b"3;" + b"a" * 1_000_000 + b"\r\nabc\r\n0\r\n\r\n"))])
def bad_chunks(t, what, data):
    with t.raw(timeout=15) as raw:
        raw.begin("PATCH", t.repo1.start(), {"Transfer-Encoding": "chunked"})
        try:
            raw.send(data)
            answer = raw.answer()
            expect(400 <= answer.status < 500, str(answer))
        except (Failure, ConnectionError):
            pass  # The connection was ended, which is an answer too; a timeout is none.
    lives(t)


@test.cases("9.6 a request with {what} is refused", [
    {"what": what, "headers": headers} for what, headers in (
        ("two lengths that differ", [("Content-Length", "5"), ("Content-Length", "6")]),
        ("a length and chunks", [("Content-Length", "5"), ("Transfer-Encoding", "chunked")]),
        ("a negative length", [("Content-Length", "-5")]), ("a length that is no number", [("Content-Length", "five")]),
        ("an unknown coding", [("Transfer-Encoding", "gzip")]),
        ("an enormous length", [("Content-Length", "99999999999999999999999")]))])
def bad_heads(t, what, headers):
    with t.raw(timeout=15) as raw:
        try:
            raw.begin("PATCH", t.repo1.start(), headers)
            raw.send(b"0\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = raw.answer()
            # HTTP lets chunks win over a length, if the connection is not used again.
            expect(answer.status >= 400 or what == "a length and chunks" and raw.is_closed_within(10), f"{answer}: taken")
        except (Failure, ConnectionError) as error:
            expect("without an answer" in str(error) or isinstance(error, ConnectionError), str(error))
    lives(t)


@test("9.6 an upload that is cancelled while bytes come ends cleanly")
def cancelled(t):
    place = t.repo1.start()
    with t.raw() as raw:
        raw.begin("PATCH", place, {"Content-Length": "1000000", "Expect": "100-continue"})
        raw.answer().status_is(100)
        raw.send(random_blob(10_000))
        t.client.send("DELETE", place).status_is(204, 409)
    eventually(lambda: t.client.send("DELETE", place).status in (204, 404), "the upload can be ended")
    t.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    lives(t)


@test("9.6 chunks, a finish and a cancel of one upload, all at once: nothing wrong becomes a blob")
def scramble(t):
    for _ in range(10):
        data = random_blob(20_000)
        digest, place = digest_of(data), t.repo1.start()
        steps = [lambda: t.repo1.append(place, data[:10_000], 0), lambda: t.repo1.append(place, data[10_000:], 10_000),
                 lambda: t.repo1.finish(place, digest), lambda: t.client.send("DELETE", place),
                 lambda: t.repo1.append(place, data), lambda: t.client.send("GET", place)]
        with ThreadPoolExecutor(len(steps)) as pool:
            answers = list(pool.map(lambda step: step(), steps))
        for answer in answers:
            expect(answer.status < 500, str(answer))
        found = t.repo1.blob(digest)
        expect(found.status == 404 or found.body == data, f"{found}: other bytes")
    lives(t)


@test("1.18 uploads that are begun and left: many are borne, and beyond a number refused with 429")
def abandoned(t):
    repository, places = t.repository(), []
    try:
        for _ in range(600):
            answer = repository.send("POST", "/blobs/uploads/", b"").status_is(202, 429)
            if answer.status == 429:
                answer.error(429, "TOOMANYREQUESTS")
                expect(answer.get("Retry-After"), f"{answer}: no Retry-After")
                break
            places.append(answer.location())
        expect(len(places) >= 100, f"only {len(places)} uploads side by side")
        t.client.send("GET", "/v2/").status_is(200)
    finally:
        for place in places:
            t.client.send("DELETE", place)
    lives(t)


@test("9.6 senders that stop in the middle take nothing from the others")
def slow_senders(t):
    connections = []
    try:
        for _ in range(100):
            raw = t.raw()
            raw.begin("PATCH", t.repo1.start(), {"Content-Length": "1000000"})
            raw.send(b"x")
            connections.append(raw)
        began = time.monotonic()
        lives(t)
        expect(time.monotonic() - began < 10, f"a push took {time.monotonic() - began:.1f} s")
    finally:
        for raw in connections:
            raw.socket.close()
    lives(t)


@test("9.6 readers that do not read take nothing from the others")
def slow_readers(t):
    digest = t.repo1.push_blob(random_blob(16 << 20))
    connections = []
    try:
        for _ in range(50):
            raw = t.raw()
            raw.begin("GET", f"{t.repo1.base}/blobs/{digest}")
            connections.append(raw)
        began = time.monotonic()
        lives(t)
        expect(time.monotonic() - began < 10, f"a push took {time.monotonic() - began:.1f} s")
    finally:
        for raw in connections:
            raw.socket.close()
    lives(t)


@test("9.6 a head that comes letter by letter is cut off")
def slow_head(t):
    with t.raw(timeout=90) as raw:
        raw.method, raw.path = "GET", "/v2/"
        raw.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        expect(raw.is_closed_within(85), "a head that never ends is waited for")
    lives(t)


@test("9.6 a compressed bomb is a blob like others: it is not unpacked")
def bomb(t):
    data = gzip.compress(b"\0" * (200 << 20), 9)
    repository = t.repository()
    began = time.monotonic()
    digest = repository.push_blob(data)
    repository.blob(digest).status_is(200).body_is(data)
    expect(time.monotonic() - began < 10, "it took too long")


@test("9.6 a blob under a wrong digest of many tries never appears")
def wrong_digests(t):
    data = random_blob()
    for number in range(20):
        wrong = digest_of(data + bytes([number]))
        t.repo1.finish(t.repo1.start(), wrong, data, OCTETS).error(400, "DIGEST_INVALID")
        t.repo1.blob(wrong, "HEAD").status_is(404)
    t.repo1.blob(digest_of(data), "HEAD").status_is(404)
