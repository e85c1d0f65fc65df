"""Signatures kept beside images (3.9)."""
import base64
import json
import os

from lib.answer import equal, expect
from lib.content import ABSENT, image, index, random_blob
from lib.project import PULL, rule
from lib.register import group

test = group("signatures", "api")
JSON = {"Content-Type": "application/json"}
SIGN = rule("create", "imagesignatures")


def signature(digest, **members):
    return {"schemaVersion": 2, "name": f"{digest}@{os.urandom(16).hex()}", "type": "AtomicImageV1",
            "content": base64.b64encode(random_blob(200)).decode(), **members}


def place(repository, digest):
    return f"/extensions/v2/{repository.name}/signatures/{digest}"


def put(repository, digest, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return repository.client.send("PUT", place(repository, digest), data, JSON)


def listed(repository, digest):
    answer = repository.client.send("GET", place(repository, digest)).status_is(200)
    answer.header("Content-Type", "application/json; charset=utf-8")
    return answer.json()["signatures"]


def signer(project):
    return project.account("signer", PULL).may_everywhere(SIGN).repository("app")


@test("3.9 an image without signatures has an empty list")
def empty(t):
    repository = t.project().repository()
    content = repository.push(image(), "v1")
    equal(listed(repository, content.digest), [], "the list")


@test("3.9 what was put is listed, and is in the API's Image")
def round_trip(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    repository = signer(project)
    bodies = [signature(content.digest) for _ in range(2)]
    for body in bodies:
        put(repository, content.digest, body).status_is(201).body_is(b"")
    found = listed(repository, content.digest)
    equal(sorted(found, key=lambda item: item["name"]), sorted(bodies, key=lambda item: item["name"]), "the list")
    names = [item["metadata"]["name"] for item in t.cluster.image(content.digest)["signatures"]]
    equal(sorted(names), sorted(body["name"] for body in bodies), "the Image's signatures")


@test("3.9 a signature that exists is 409 SIGNATURE_EXISTS")
def exists(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    repository, body = signer(project), signature(content.digest)
    put(repository, content.digest, body).status_is(201)
    put(repository, content.digest, body).error(409, "SIGNATURE_EXISTS")


@test("3.9 type is AtomicImageV1 where none is said")
def default_type(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    repository, body = signer(project), signature(content.digest)
    del body["type"]
    put(repository, content.digest, body).status_is(201)
    equal(listed(repository, content.digest)[0]["type"], "AtomicImageV1", "the type")


BAD = {
    "schemaVersion 1": lambda d: signature(d, schemaVersion=1),
    "no schemaVersion": lambda d: {k: v for k, v in signature(d).items() if k != "schemaVersion"},
    "no name": lambda d: {k: v for k, v in signature(d).items() if k != "name"},
    "a name without @": lambda d: signature(d, name="abc"),
    "a name without anything behind @": lambda d: signature(d, name=f"{d}@"),
    "a name of another image": lambda d: signature(d, name=f"{ABSENT['sha256']}@abc"),
    "content that is no base64": lambda d: signature(d, content="***"),
    "no content": lambda d: {k: v for k, v in signature(d).items() if k != "content"},
    "no JSON": lambda d: b"not json",
    "a list": lambda d: [signature(d)],
    "nothing": lambda d: b"",
}


@test.cases("3.9 a signature with {what} is 400 SIGNATURE_INVALID", [{"what": what} for what in BAD])
def bad(t, what):
    if not hasattr(t.run, "signature_scene"):
        project = t.run.project()
        t.run.signature_scene = (project.repository().push(image(), "v1"), signer(project))
    content, repository = t.run.signature_scene
    put(repository, content.digest, BAD[what](content.digest)).error(400, "SIGNATURE_INVALID")


@test("1.18 a signature of more than 4 MiB is refused")
def large(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    body = signature(content.digest, content=base64.b64encode(b"x" * (4 << 20)).decode())
    put(signer(project), content.digest, body).status_is(400, 413)


@test("3.9 an image that the stream does not have is 404 to GET and PUT")
def absent(t):
    project = t.project()
    project.repository().push(image(), "v1")
    foreign = t.project().repository().push(image(), "v1")
    repository = signer(project)
    for digest in (ABSENT["sha256"], foreign.digest):
        repository.client.send("GET", place(repository, digest)).status_is(404)
        put(repository, digest, signature(digest)).status_is(404)
    expect(not t.cluster.image(foreign.digest).get("signatures"), "the foreign image was signed")


@test("3.9 a digest that is none is 400 or 404")
def no_digest(t):
    repository = t.project().repository()
    for digest in ("nonsense", "sha256:abc", "v1"):
        repository.client.send("GET", place(repository, digest)).status_is(400, 404)


@test("3.9 the children of an index, and images pushed by digest, can be asked for too")
def children(t):
    repository = t.project().repository()
    content, loose = repository.push(index(), "v1"), repository.push(image())
    for item in (content, *content.children, loose):
        equal(listed(repository, item.digest), [], "the list")


@test("3.9 who may push but not sign gets 403, and who sends nothing 401")
def rights(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    reader = project.account("reader", PULL).repository("app")
    put(reader, content.digest, signature(content.digest)).error(403, "DENIED")
    equal(listed(reader, content.digest), [], "the list")
    t.anonymous().send("GET", place(repository, content.digest)).error(401, "UNAUTHORIZED")


@test("J-5 many signatures of an image are listed")
def many(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    repository = signer(project)
    for _ in range(30):
        put(repository, content.digest, signature(content.digest)).status_is(201)
    equal(len(listed(repository, content.digest)), 30, "signatures")
