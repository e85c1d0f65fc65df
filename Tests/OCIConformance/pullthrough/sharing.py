"""One transfer for all who want a blob, and for nobody else (PT-6, PT-17, V-2)."""
import threading
from concurrent.futures import ThreadPoolExecutor

from lib.answer import equal, expect
from lib.content import digest_of, image, index, random_blob
from lib.imported import NAME, broken, imported, upstream
from lib.project import PULL
from lib.raw import eventually
from lib.register import group
from lib.repository import with_query
from lib.upstream import held, instead, status

test = group("pull-through-sharing", "api")
SIZE = 3_000_000


def begin(t, repository, data, count):
    """A reader that has got this many bytes of a blob."""
    raw = t.raw(timeout=60)
    t.undo.callback(raw.socket.close)
    raw.authorization = repository.client.authorization
    raw.begin("GET", f"{repository.base}/blobs/{digest_of(data)}")
    while b"\r\n\r\n" not in raw.received:
        expect(raw.more(), "the connection ended without an answer")
    expect(raw.received.startswith(b"HTTP/1.1 200"), raw.received[:200].decode("latin-1"))
    while len(raw.received.split(b"\r\n\r\n", 1)[1]) < count:
        expect(raw.more(), "the connection ended")
    return raw


def rest(raw, size):
    while len(raw.received.split(b"\r\n\r\n", 1)[1]) < size and raw.more():
        pass
    return raw.received.split(b"\r\n\r\n", 1)[1]


@test("PT-6 a hundred clients at once and one that comes late: exactly one GET upstream")
def hundred(t):
    server, content, gate = upstream(t), image(1, size=SIZE), threading.Event()
    repository, data = imported(t, server, content).repository(), content.layers[0]
    t.undo.callback(gate.set)
    server.when("GET", "/blobs/", held(gate, SIZE // 2))
    with ThreadPoolExecutor(100) as pool:
        readers = list(pool.map(lambda _: begin(t, repository, data, 1000), range(100)))
        late = begin(t, repository, data, SIZE // 3)
        gate.set()
        bodies = list(pool.map(lambda raw: rest(raw, SIZE), [*readers, late]))
    equal([body == data for body in bodies], [True] * 101, "the bytes of the clients")
    repository.blob(digest_of(data)).status_is(200).body_is(data)
    equal(server.count("GET", digest_of(data)), 1, "GETs upstream")


@test("PT-6 a client that looked before the transfer began, and asks when it is over, starts no second one")
def between(t):
    server, content, gate = upstream(t), image(1), threading.Event()
    repository, data = imported(t, server, content).repository(), content.layers[0]
    t.undo.callback(gate.set)
    # The second question whether upstream has it is held until the first client has all.
    server.when("HEAD", "/blobs/", held(gate), lambda handler: handler.serve())
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lambda: rest(begin(t, repository, data, 0), len(data)))
        eventually(lambda: server.count("HEAD", digest_of(data)) == 1, "the first client has asked")
        repository.blob(digest_of(data)).status_is(200).body_is(data)
        gate.set()
        equal(slow.result(), data, "the bytes of the slow client")
    equal(server.count("GET", digest_of(data)), 1, "GETs upstream")


@test("PT-6 fifty clients at once that want a manifest all get it")
def manifests(t):
    server, content, gate = upstream(t), index(), threading.Event()
    repository, child = imported(t, server, content).repository(), content.children[0]
    t.undo.callback(gate.set)
    server.when("GET", "/manifests/", held(gate))
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(repository.get, child.digest) for _ in range(50)]
        eventually(lambda: server.count("GET", "/manifests/") >= 1, "somebody asks")
        gate.set()
        for answer in answers:
            answer.result().status_is(200).body_is(child.data)


@test("PT-17 the client leaves, and the copy goes on")
def leaves(t):
    server, content, gate = upstream(t), image(1, size=SIZE), threading.Event()
    repository, data = imported(t, server, content).repository(), content.layers[0]
    t.undo.callback(gate.set)
    server.when("GET", "/blobs/", held(gate, SIZE // 2))
    begin(t, repository, data, 1000).socket.close()
    gate.set()
    server.asked("GET", "/blobs/")[0].done.wait(30)
    eventually(lambda: repository.blob(digest_of(data)).body == data, "it is here")
    equal(server.count("GET", digest_of(data)), 1, "GETs upstream")
    server.close()
    repository.blob(digest_of(data)).status_is(200).body_is(data)


@test("PT-17 a range is asked for, and all is kept")
def range_keeps_all(t):
    server, content = upstream(t), image(1, size=SIZE)
    repository, data = imported(t, server, content).repository(), content.layers[0]
    repository.blob(digest_of(data), headers={"Range": "bytes=5-9"}).status_is(206).body_is(data[5:10])
    server.asked("GET", "/blobs/")[0].done.wait(30)
    eventually(lambda: repository.blob(digest_of(data)).body == data, "it is here")
    equal(server.count("GET", digest_of(data)), 1, "GETs upstream")


def private(t):
    """Somebody's image that nobody else may see, pushed here."""
    project = t.project()
    return project.repository("secret").push(image(), "v1")


def closed(repository, digests):
    for digest in digests:
        for method in ("HEAD", "GET"):
            repository.blob(digest, method).error(404)
        target = repository.name.split("/")[0] + "/mounted"
        path = with_query(f"/v2/{target}/blobs/uploads/", mount=digest, **{"from": repository.name})
        repository.client.send("POST", path).status_is(202)


@test("V-2 an imported manifest that names a private blob, which upstream does not have, gives no access to it")
def names_layer(t):
    server, secret = upstream(t), private(t)
    content = image([random_blob(), *secret.layers, secret.config])
    project = t.project()
    imported(t, server, content, project=project)
    digests = [digest_of(data) for data in secret.blobs]
    for digest in digests:
        server.blobs.pop((NAME, digest), None)
    repository = project.repository()
    closed(repository, digests)
    repository.get("v1").status_is(200)
    repository.blob(digest_of(content.layers[0])).status_is(200)
    closed(repository, digests)


@test("V-2 nor does an upstream that only says it has it")
def claims_layer(t):
    server, secret = upstream(t), private(t)
    project, data = t.project(), secret.layers[0]
    imported(t, server, image([data]), project=project)
    repository = project.repository()
    server.when("GET", "/blobs/", status(404))
    seen = broken(t, repository, f"/blobs/{digest_of(data)}")
    equal(seen or b"", b"", "what was sent")
    server.when("GET", "/blobs/", instead(bytes(len(data))))
    seen = broken(t, repository, f"/blobs/{digest_of(data)}") or b""
    expect(not data.startswith(seen) or not seen, "bytes of the private blob were sent")
    server.close()
    closed(repository, [digest_of(data)])


@test("V-2 an imported index that names a private manifest, which upstream does not have, gives no access to it")
def names_manifest(t):
    server, secret = upstream(t), private(t)
    content, project = index([image(), secret]), t.project()
    server.push(NAME, content)
    imported(t, server, content, project=project)
    del server.manifests[NAME, secret.digest]
    repository = project.repository()
    repository.get("v1").status_is(200)
    for method in ("GET", "HEAD"):
        repository.send(method, f"/manifests/{secret.digest}").error(404)
        repository.blob(secret.digest, method).error(404)
    for data in secret.blobs:
        server.blobs.pop((NAME, digest_of(data)), None)
    closed(repository, [digest_of(data) for data in secret.blobs])


@test("V-2 an imported artifact whose subject is a private manifest gives no access to it")
def names_subject(t):
    server, secret = upstream(t), private(t)
    content, project = image(0, subject=secret.descriptor()), t.project()
    imported(t, server, content, project=project)
    repository = project.repository()
    repository.get("v1").status_is(200)
    repository.get(secret.digest).error(404)
    closed(repository, [digest_of(data) for data in secret.blobs])


@test("V-2 a transfer is not shared with those whose own upstream only says it has the blob")
def joins(t):
    server, evil, gate = upstream(t), upstream(t), threading.Event()
    t.undo.callback(gate.set)
    content = image(1, size=SIZE)
    data = content.layers[0]
    owner, thief = t.project(), t.project()
    imported(t, server, content, project=owner)
    imported(t, evil, content, project=thief)
    evil.when("GET", "/blobs/", status(404))
    server.when("GET", "/blobs/", held(gate, SIZE // 2))
    reader = begin(t, owner.repository(), data, 1000)
    with ThreadPoolExecutor(1) as pool:
        stolen = pool.submit(lambda: broken_bytes(t, thief.repository(), data))
        eventually(lambda: evil.count(part=digest_of(data)) or stolen.done(), "the other one asks")
        gate.set()
        seen = stolen.result()
    equal(len(seen), 0, "bytes of the other's blob that were sent")
    equal(rest(reader, SIZE) == data, True, "the owner's bytes")


def broken_bytes(t, repository, data):
    with t.raw(timeout=60) as raw:
        raw.authorization = repository.client.authorization
        raw.begin("GET", f"{repository.base}/blobs/{digest_of(data)}")
        try:
            answer = raw.answer()
        except AssertionError:
            return b""
        return answer.body if answer.status == 200 else b""


@test.cases("PT-6 a transfer from an upstream that {what} does not harm who gets the same blob from a good one", [
    {"what": "stalls", "method": "GET"}, {"what": "says a wrong size", "method": "HEAD"}])
def harmed(t, what, method):
    evil, good, gate = upstream(t), upstream(t), threading.Event()
    t.undo.callback(gate.set)
    content = image(1, size=SIZE)
    data = content.layers[0]
    attacker, victim = imported(t, evil, content).repository(), imported(t, good, content).repository()
    evil.when("GET", "/blobs/", held(gate, SIZE // 2))
    if method == "HEAD":
        evil.when("HEAD", "/blobs/", lambda handler: handler.answer(200, b"", {}, SIZE // 2 + 10))
        attacker.blob(digest_of(data)).error(404, "BLOB_UNKNOWN")
    else:
        begin(t, attacker, data, 1000)
    with t.raw(timeout=15) as raw:
        raw.authorization = victim.client.authorization
        raw.begin("GET", f"{victim.base}/blobs/{digest_of(data)}")
        equal(raw.answer().body == data, True, "the bytes of the good one's client")


@test("V-1 rights that are taken away end with the next request, also for what was fetched")
def rights(t):
    server, content = upstream(t), image(1)
    project = imported(t, server, content)
    name = f"system:serviceaccount:{project.home}:reader"
    repository = project.account("reader", PULL).repository("app")
    data = content.layers[0]
    repository.blob(digest_of(data)).status_is(200)
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{project.name}/rolebindings"
    for binding in project.cluster.get(path)["items"]:
        if any(f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}" == name
               for subject in binding.get("subjects") or []):
            project.cluster.send("DELETE", f"{path}/{binding['metadata']['name']}").status_is(200)
    eventually(lambda: repository.blob(digest_of(data)).status == 403, "who lost the right is refused")
