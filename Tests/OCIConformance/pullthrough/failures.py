"""Upstreams that are down, refuse, lie, or break off (4.2, 4.3, 4.12, 4.13, 9.4)."""
import threading

from lib.answer import equal, expect
from lib.content import digest_of, image, index, random_blob
from lib.imported import NAME, broken, imported, upstream, within
from lib.raw import eventually
from lib.register import group
from lib.upstream import LIMIT, cut_after, held, instead, normal, says_length, status

test = group("pull-through-failures", "api")
stalls = group("pull-through-stalls", "api")
# Servers have died of it: after all others.
absurd = group("pull-through-absurd", "api", last=True)
SIZE = 1_000_000


def refused(answer, server, *words):
    """A manifest that could not be had (4.13), with the cause."""
    answer.error(404, "OPENSHIFT_PULLTHROUGH_MANIFEST")
    text = answer.errors()[0]["message"]
    for word in (server.host, *words):
        expect(word in text, f"{answer}: no {word!r} in the message")
    return answer


def unknown(answer, server, *words):
    """A blob that could not be had (4.13), with the host and the cause."""
    answer.error(404, "BLOB_UNKNOWN")
    for word in (server.host, *words):
        expect(word in answer.details(), f"{answer}: no {word!r} in the detail")
    return answer


FAULTS = [{"what": what, "behaviour": behaviour, "word": word} for what, behaviour, word in (
    ("404", status(404), "unknown"), ("401", status(401), "unauthorized"), ("403", status(403), "denied"),
    ("500", status(500), "500"), ("503", status(503), "503"))]


@test.cases("4.13 a manifest that upstream answers {what} for is 404 OPENSHIFT_PULLTHROUGH_MANIFEST with the cause", FAULTS)
def manifest_faults(t, what, behaviour, word):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    for method in ("GET", "HEAD"):
        server.when(method, "/manifests/", behaviour)
    refused(within(20, lambda: repository.get(content.children[0].digest)), server, word)
    server.behave()
    repository.get(content.children[0].digest).status_is(200).body_is(content.children[0].data)


@test.cases("4.13 a blob that upstream answers {what} for is 404 BLOB_UNKNOWN with host and cause, to GET and HEAD", FAULTS)
def blob_faults(t, what, behaviour, word):
    server, content = upstream(t), image(1)
    repository = imported(t, server, content).repository()
    digest = digest_of(content.layers[0])
    for method in ("GET", "HEAD"):
        server.when(method, "/blobs/", behaviour)
    unknown(within(20, lambda: repository.blob(digest)), server, word)
    within(20, lambda: repository.blob(digest, "HEAD")).error(404)


@test.cases("4.13 a blob with a good HEAD and {what} for GET upstream is 404 BLOB_UNKNOWN too, and then it is there", FAULTS)
def get_faults(t, what, behaviour, word):
    server, content = upstream(t), image(1)
    repository = imported(t, server, content).repository()
    data = content.layers[0]
    server.when("GET", "/blobs/", behaviour)
    unknown(within(20, lambda: repository.blob(digest_of(data))), server)
    server.behave()
    repository.blob(digest_of(data)).status_is(200).body_is(data)


@test("4.13 upstream down: a manifest is 404 with the cause, a blob too, and HEAD within 10 s")
def down(t):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    child = content.children[0]
    repository.get(child.digest).status_is(200)
    server.close()
    refused(within(10, lambda: repository.get(content.children[1].digest)), server)
    within(10, lambda: repository.head(content.children[1].digest)).error(404)
    unknown(within(10, lambda: repository.blob(digest_of(child.layers[0]))), server)
    within(10, lambda: repository.blob(digest_of(child.layers[0]), "HEAD")).error(404)
    repository.get(child.digest).status_is(200).body_is(child.data)


@test.cases("4.2 429 upstream is 429 TOOMANYREQUESTS for a {kind}, with its Retry-After", [
    {"kind": "manifest"}, {"kind": "blob"}])
def too_many(t, kind):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    child = content.children[0]
    repository.get(content.children[0].digest).status_is(200)
    for method in ("GET", "HEAD"):
        server.when(method, f"/{kind}s/", status(429, {"Retry-After": "77"}))
    answer = within(20, lambda: repository.get(content.children[1].digest) if kind == "manifest"
                    else repository.blob(digest_of(child.layers[0])))
    answer.error(429, "TOOMANYREQUESTS").header("Retry-After", "77")


@test("4.3 when one source has too many requests and the others nothing, that is the answer")
def too_many_of_two(t):
    server, content = upstream(t), image(1)
    project = imported(t, server, content, upstream_name="up/one")
    imported(t, server, image(0), project=project, tag="v2", upstream_name="up/two")
    server.when("HEAD", "/up/one/blobs/", status(404))
    server.when("HEAD", "/up/two/blobs/", status(429, {"Retry-After": "66"}))
    project.repository().blob(digest_of(content.layers[0])).error(429, "TOOMANYREQUESTS")


@test("4.12 429 and 503 upstream that pass are waited for")
def passing(t):
    server, content = upstream(t), image(1)
    repository = imported(t, server, content).repository()
    data = content.layers[0]
    server.when("HEAD", "/blobs/", status(503), normal)
    server.when("GET", "/blobs/", status(429, {"Retry-After": "1"}), normal)
    within(20, lambda: repository.blob(digest_of(data))).status_is(200).body_is(data)


WRONG = [{"what": what, "behaviour": behaviour} for what, behaviour in (
    ("another manifest", lambda: instead(image().data)),
    ("bytes that are no manifest", lambda: instead(b"not json")),
    ("a manifest of more than 4 MiB", lambda: instead(b" " * (5 << 20))),
    ("half of it, with the length of half", lambda: says_length(100)),
    ("a reset in the middle", lambda: cut_after(100)))]


@test.cases("4.2 a manifest that upstream answers with {what} is 404, and not kept", WRONG)
def wrong_manifest(t, what, behaviour):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    child = content.children[0]
    server.when("GET", f"/manifests/{child.digest}", behaviour())
    refused(repository.get(child.digest), server)
    server.behave()
    repository.get(child.digest).status_is(200).body_is(child.data)


BROKEN = [{"what": what, "method": method, "behaviour": behaviour} for what, method, behaviour in (
    ("resets mid-way", "GET", cut_after(SIZE // 2)),
    ("resets before the last byte", "GET", cut_after(SIZE - 1)),
    ("sends other bytes", "GET", instead(bytes(SIZE))),
    ("sends one byte less and says so", "GET", says_length(SIZE - 1)),
    ("sends one byte more", "GET", lambda handler: handler.answer(200, handler.found()[0] + b"!")),
    ("sends nothing", "GET", instead(b"")),
    ("says too small a length to HEAD", "HEAD", says_length(SIZE - 1)),
    ("says too large a length to HEAD", "HEAD", says_length(SIZE + 1)),
    ("says an absurd length to HEAD", "HEAD", says_length(1 << 62)),
    ("says zero to HEAD", "HEAD", says_length(0)),
    ("says a negative length to HEAD", "HEAD", says_length(-1)),
    ("says no length to HEAD", "HEAD", lambda handler: handler.answer(200, b"", {"Transfer-Encoding": "chunked"})))]


@test.cases("9.4 upstream {what}: a short read or an error, nothing corrupt is stored, the next try works", BROKEN)
def broken_blob(t, what, method, behaviour):
    server, content = upstream(t), image(1, size=SIZE)
    repository = imported(t, server, content).repository()
    data = content.layers[0]
    server.when(method, "/blobs/", behaviour)
    seen = broken(t, repository, f"/blobs/{digest_of(data)}")
    expect(method == "GET" or seen is None or data.startswith(seen), "other bytes than the blob's were sent")
    server.behave()
    repository.blob(digest_of(data)).status_is(200).body_is(data)
    server.close()
    repository.blob(digest_of(data)).status_is(200).body_is(data)


@absurd.cases("9.4 several ranges of a blob that upstream says has {length} bytes are an error or a short read", [
    {"length": length} for length in (1 << 62, (1 << 63) - 1, 1 << 63, 1 << 70)])
def absurd_ranges(t, length):
    server, content = upstream(t), image(1, size=SIZE)
    repository = imported(t, server, content).repository()
    server.when("HEAD", "/blobs/", says_length(length))
    path = f"/blobs/{digest_of(content.layers[0])}"
    for ranges in ("0-1,2-3", "0-,0-", "-5,-9223372036854775807", "1-9223372036854775807"):
        broken(t, repository, path, {"Range": f"bytes={ranges}"})
    t.client.send("GET", "/v2/").status_is(200)


@test("9.4 what a failed transfer left is not to be seen, in this repository or by a mount")
def nothing_left(t):
    server, content = upstream(t), image(1, size=SIZE)
    project = imported(t, server, content)
    repository, digest = project.repository(), digest_of(content.layers[0])
    server.when("GET", "/blobs/", cut_after(SIZE // 2))
    broken(t, repository, f"/blobs/{digest}")
    server.close()
    unknown(repository.blob(digest), server)
    other = t.project().account("dev").has("admin")
    path = f"/blobs/uploads/?mount={digest}&from={repository.name}"
    other.may_everywhere({"apiGroups": ["image.openshift.io"], "resources": ["imagestreams/layers"], "verbs": ["get"]})
    other.repository("app").send("POST", path).status_is(202)


@test("4.12 a blob that upstream does not have is not asked for again within 10 s")
def negative(t):
    server, content = upstream(t), image(1)
    repository = imported(t, server, content).repository()
    digest = digest_of(content.layers[0])
    del server.blobs[NAME, digest]
    repository.blob(digest).error(404, "BLOB_UNKNOWN")
    asked = server.count()
    repository.blob(digest).error(404, "BLOB_UNKNOWN")
    equal(server.count() - asked, 0, "further requests upstream")


@stalls("4.13 HEAD is answered within 10 s when upstream takes the request and never answers")
def silent(t):
    server, content = upstream(t), image(1)
    repository, gate = imported(t, server, content).repository(), threading.Event()
    t.undo.callback(gate.set)
    server.when("HEAD", "/blobs/", held(gate))
    within(10, lambda: repository.blob(digest_of(content.layers[0]), "HEAD")).error(404)


@stalls("9.4 upstream stalls mid-way: the client sees a short read, nothing is stored, the next try works")
def stalled(t):
    server, content, gate = upstream(t), image(1, size=SIZE), threading.Event()
    repository = imported(t, server, content).repository()
    t.undo.callback(gate.set)
    data = content.layers[0]
    server.when("GET", "/blobs/", held(gate, SIZE // 2))
    seen = within(LIMIT, lambda: broken(t, repository, f"/blobs/{digest_of(data)}"))
    expect(seen is not None and data.startswith(seen), "no short read of the blob's bytes")
    server.behave()
    eventually(lambda: repository.blob(digest_of(data)).body == data, "the next try works")


@stalls("4.12 sixty-four blobs that stall upstream do not keep those of another one from anybody")
def crowd(t):
    slow, good, gate = upstream(t), upstream(t), threading.Event()
    t.undo.callback(gate.set)
    many, content = image(70), image(1)
    crowded = imported(t, slow, many).repository()
    repository = imported(t, good, content).repository()
    slow.when("GET", "/blobs/", held(gate, 100))
    readers = []
    for data in many.layers:
        raw = t.raw()
        t.undo.callback(raw.socket.close)
        raw.authorization = crowded.client.authorization
        raw.begin("GET", f"{crowded.base}/blobs/{digest_of(data)}")
        readers.append(raw)
    answered = [raw.more() for raw in readers]
    expect(any(answered), "nobody was answered")
    repository.blob(digest_of(content.layers[0])).status_is(200).body_is(content.layers[0])


@stalls("4.12 fifty layers of one image are fetched at once without 429")
def many_layers(t):
    server, content = upstream(t), image([random_blob() for _ in range(50)])
    repository = imported(t, server, content).repository()
    answers = []
    threads = [threading.Thread(target=lambda data=data: answers.append(
        repository.blob(digest_of(data)).body == data)) for data in content.layers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(answers, [True] * 50, "the layers")
