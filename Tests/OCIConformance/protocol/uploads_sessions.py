"""Sessions: status, cancelling, breaks, several requests at once (1.10.1, 1.10.4–1.10.6)."""
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

from lib.answer import expect
from lib.content import digest_of, random_blob
from lib.raw import eventually
from lib.register import group
from lib.repository import OCTETS

test = group("upload sessions")


def offset(answer):
    """How far the session is; `0-0` alone does not say, so more than a byte is expected."""
    match = re.fullmatch(r"0-([0-9]+)", answer.get("Range") or "")
    expect(match, f"{answer}: Range {answer.get('Range')!r}")
    return int(match.group(1)) + 1


@test.cases("U-15 {method} tells where an upload is", [{"method": "GET"}, {"method": "HEAD"}])
def status(t, method):
    data = random_blob(700)
    place = t.repo1.append(t.repo1.start(), data, 0).status_is(202).location()
    answer = t.client.send(method, place).status_is(204).body_is(b"").header("Range", "0-699")
    expect(answer.get("Docker-Upload-UUID"), f"{answer}: no Docker-Upload-UUID")
    answer.location()


@test.cases("U-15 {method} of an upload that never was is 404 BLOB_UPLOAD_UNKNOWN", [
    {"method": method} for method in ("GET", "HEAD", "PATCH", "DELETE", "PUT")])
def unknown(t, method):
    path = f"{t.repo1.base}/blobs/uploads/{uuid.uuid4()}"
    if method == "PUT":
        path += f"?digest={digest_of(b'x')}"
    t.client.send(method, path, b"x" if method in ("PATCH", "PUT") else b"").error(404, "BLOB_UPLOAD_UNKNOWN")


@test.cases("9.6 an upload called {name} is 404", [
    {"name": name} for name in ("nonsense", "..%2f..%2fetc", "%2e%2e", "a" * 300, "%00", "..", "x%2Fy", "-", "0")])
def odd_names(t, name):
    t.client.send("GET", f"{t.repo1.base}/blobs/uploads/{name}").error((404, 400))


@test("U-2 an upload belongs to one repository")
def other_repository(t):
    place = t.repo1.start()
    foreign = place.replace(t.repo1.base + "/", t.repo2.base + "/")
    data = random_blob()
    t.client.send("GET", foreign).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.repo2.append(foreign, data).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.repo2.finish(foreign, digest_of(data), data).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.client.send("DELETE", foreign).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.repo1.finish(place, digest_of(data), data).status_is(201)


@test("U-23 an upload can be cancelled: 204, and it is gone")
def cancel(t):
    place = t.repo1.append(t.repo1.start(), random_blob()).status_is(202).location()
    t.client.send("DELETE", place).status_is(204).body_is(b"")
    t.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.client.send("DELETE", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    t.repo1.append(place, random_blob()).error(404, "BLOB_UPLOAD_UNKNOWN")


@test.cases("U-12 bytes that came before a connection broke are kept ({how})", [{"how": "streamed"}, {"how": "chunked"}])
def broken(t, how):
    data = random_blob(1 << 20)
    place = t.repo1.append(t.repo1.start(), data[:1000], 0).status_is(202).location()
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(data) - 1000))]
    if how == "chunked":
        headers.append(("Content-Range", f"1000-{len(data) - 1}"))
    with t.raw() as raw:
        raw.begin("PATCH", place, headers)
        raw.send(data[1000:500_000])
    reached = eventually(lambda: (seen := offset(t.client.send("GET", place).status_is(204))) > 1000 and seen,
                         "the upload keeps what came")
    expect(reached <= 500_000, f"{reached} bytes of 500000 sent")
    t.repo1.append(place, data[1000:2000], 1000).error(416, "RANGE_INVALID")
    reached = offset(t.client.send("GET", place).status_is(204))
    t.repo1.append(place, data[reached:], reached).status_is(202)
    t.repo1.finish(place, digest_of(data)).status_is(201)
    t.repo1.blob(digest_of(data)).status_is(200).body_is(data)


@test("U-12 a PUT whose connection broke has not made a blob, and the upload can be finished")
def broken_put(t):
    data = random_blob(1 << 20)
    digest, place = digest_of(data), t.repo1.start()
    with t.raw() as raw:
        path = f"{place}{'&' if '?' in place else '?'}digest={digest}"
        raw.begin("PUT", path, [("Content-Length", str(len(data)))])
        raw.send(data[:400_000])
    t.repo1.blob(digest, "HEAD").status_is(404)

    def rest():
        answer = t.client.send("GET", place).status_is(204)
        seen = 0 if answer.get("Range") == "0-0" else offset(answer)
        return t.repo1.finish(place, digest, data[seen:], {**OCTETS, "Content-Range": f"{seen}-{len(data) - 1}"})

    # The broken request may still be at work when the first question comes.
    eventually(lambda: rest().status in (201,), "the upload is finished after the break")
    t.repo1.blob(digest).status_is(200).body_is(data)


def at_work(raw, place, length):
    """A request that the server has begun to take: it asks for the body."""
    raw.begin("PATCH", place, [("Content-Length", str(length)), ("Expect", "100-continue")])
    raw.answer().status_is(100)


@test("U-5 a second request on an upload waits for the first")
def waits(t):
    data = random_blob(1 << 20)
    place = t.repo1.start()
    with t.raw() as raw, ThreadPoolExecutor(1) as pool:
        at_work(raw, place, len(data))
        raw.send(data[:500_000])
        second = pool.submit(t.repo1.append, place, b"second")
        raw.send(data[500_000:])
        raw.answer().status_is(202)
        second.result().status_is(202)
    t.repo1.finish(place, digest_of(data + b"second")).status_is(201)


@test("U-5 a second request gives up with 409 after a few seconds")
def gives_up(t):
    place = t.repo1.start()
    with t.raw() as raw:
        at_work(raw, place, 1_000_000)
        raw.send(random_blob(1000))
        t.repo1.append(place, b"second").error(409, "BLOB_UPLOAD_INVALID")


@test("9.6 chunks sent at once to one upload: exactly one of them is taken")
def one_wins(t):
    parts = [random_blob(100_000) for _ in range(6)]
    place = t.repo1.start()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda part: t.repo1.append(place, part, 0), parts))
    taken = [part for part, answer in zip(parts, answers) if answer.status == 202]
    expect(len(taken) == 1, f"answers: {[answer.status for answer in answers]}")
    for answer in answers:
        answer.status_is(202, 416, 409)
    t.repo1.finish(place, digest_of(taken[0])).status_is(201)


@test("9.5 two finishing PUTs at once: one is 201, the other 201 or still waiting, and the blob is right")
def two_finish(t):
    for _ in range(5):
        data = random_blob(50_000)
        digest = digest_of(data)
        place = t.repo1.append(t.repo1.start(), data).status_is(202).location()
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: t.repo1.finish(place, digest), range(2)))
        statuses = sorted(answer.status for answer in answers)
        expect(statuses[0] == 201 and statuses[1] in (201, 409), f"{statuses}")
        t.repo1.blob(digest).status_is(200).body_is(data)


@test("U-21 the same blob uploaded by eight at once: all succeed")
def same_blob(t):
    data = random_blob(200_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: t.repo1.push_blob(data), range(8)))
    t.repo1.blob(digest_of(data)).status_is(200).body_is(data)
