"""Who may do what: every request by everybody (3.4)."""
import json

from lib.answer import expect
from lib.client import Client
from lib.content import ABSENT, OCI_MANIFEST, digest_of, image, random_blob, unique
from lib.project import CREATE, PULL, PUSH, rule
from lib.register import group
from lib.repository import Repository, with_query

test = group("rights", "api")

# Who asks, and what each may do. `stranger` sends nothing, `anonymous` the word.
PERSONAS = {
    "stranger": None, "anonymous": None,
    "nobody": [],
    "puller": [PULL],
    "writer": [rule("update", "imagestreams/layers")],
    "pusher": [PUSH],
    "builder": [PUSH, CREATE],
    "untagger": [PULL, rule("delete", "imagestreamtags")],
    "deleter": [PULL, rule("delete", "imagestreams/layers")],
    "pruner": [PULL], "signer": [PULL],
    "outsider": [],
}
EVERYWHERE = {"pruner": [rule("delete", "images")], "signer": [rule("create", "imagesignatures")]}
ADMITTED = "anonymous nobody puller writer pusher builder untagger deleter pruner signer outsider"
READERS = "puller pusher builder untagger deleter pruner signer"


class Scene:
    """One project with a stream `app`, and everybody's accounts; made once a run."""

    def __init__(self, t):
        self.project, self.other = t.run.project(), t.run.project()
        self.owner = self.project.repository()
        self.content = self.owner.push(image(), "v1")
        self.clients = {"stranger": t.anonymous(), "anonymous": Client(t.target, token="anonymous", observer=t.observer)}
        for name, rules in PERSONAS.items():
            if name == "outsider":
                self.clients[name] = self.other.owner.client
            elif rules is not None:
                account = self.project.account(name, *rules)
                if name in EVERYWHERE:
                    account.may_everywhere(*EVERYWHERE[name])
                self.clients[name] = account.client

    def repository(self, persona, name="app"):
        return Repository(self.clients[persona], f"{self.project.name}/{name}")


def scene(t):
    if not hasattr(t.run, "rights_scene"):
        t.run.rights_scene = Scene(t)
    return t.run.rights_scene


def start(s, repository):
    return repository.send("POST", "/blobs/uploads/", b"", {"Content-Length": "0"})


def session(s, method, body=b""):
    """On an upload that the owner has begun."""
    def send(s, repository):
        place = s.owner.start()
        data = random_blob(100)
        if method == "PUT":
            return repository.client.send("PUT", with_query(place, digest=digest_of(data)), data)
        return repository.client.send(method, place, body)
    return send


def put_manifest(s, repository):
    content = image(0)
    s.owner.push_blob(content.config)
    return repository.put("pushed", content)


def put_new_stream(s, repository):
    """Its blob comes along by the persona's own upload, as far as that gets."""
    other = Repository(repository.client, f"{s.project.name}/new-{unique()}")
    content = image(0)
    answer = start(s, other)
    if answer.status == 202:
        other.finish(answer.location(), digest_of(content.config), content.config).status_is(201)
    return other.put("v1", content)


def delete_tag(s, repository):
    s.owner.put("doomed", s.content).status_is(201)
    return repository.delete("doomed")


def delete_manifest(s, repository):
    return repository.delete(s.owner.push(image(0)).digest)


def delete_blob(s, repository):
    return repository.blob(s.owner.push_blob(random_blob()), "DELETE")


def signature(digest):
    return {"schemaVersion": 2, "name": f"{digest}@{unique()}{unique()}", "type": "AtomicImageV1", "content": "c2lnbmF0dXJl"}


def put_signature(s, repository):
    path = f"/extensions/v2/{repository.name}/signatures/{s.content.digest}"
    return repository.client.send("PUT", path, json.dumps(signature(s.content.digest)).encode(),
                                  {"Content-Type": "application/json"})


# Request: how it is sent, who succeeds, and with what. All others get 403, `stranger` and `anonymous` 401.
REQUESTS = {
    "GET /v2/": (lambda s, r: r.client.send("GET", "/v2/"), ADMITTED, 200),
    "tags/list": (lambda s, r: r.tags(), READERS, 200),
    "GET a manifest by tag": (lambda s, r: r.get("v1"), READERS, 200),
    "HEAD a manifest by tag": (lambda s, r: r.head("v1"), READERS, 200),
    "GET a manifest by digest": (lambda s, r: r.get(s.content.digest), READERS, 200),
    "GET a blob": (lambda s, r: r.blob(digest_of(s.content.config)), READERS, 200),
    "HEAD a blob": (lambda s, r: r.blob(digest_of(s.content.config), "HEAD"), READERS, 200),
    "GET a blob that is not there": (lambda s, r: r.blob(ABSENT["sha256"]), READERS, 404),
    "GET referrers": (lambda s, r: r.referrers(s.content.digest), READERS, 200),
    "GET signatures": (lambda s, r: r.client.send(
        "GET", f"/extensions/v2/{r.name}/signatures/{s.content.digest}"), READERS, 200),
    "POST an upload": (start, "pusher builder", 202),
    "GET an upload": (lambda s, r: r.client.send("GET", s.owner.start()), "writer pusher builder", 204),
    "PATCH an upload": (lambda s, r: r.append(s.owner.start(), b"x"), "pusher builder", 202),
    "PUT an upload": (session(None, "PUT"), "pusher builder", 201),
    "DELETE an upload": (session(None, "DELETE"), "writer pusher builder", 204),
    "PUT a manifest": (put_manifest, "pusher builder", 201),
    "PUT a manifest into a new stream": (put_new_stream, "builder", 201),
    "DELETE a tag": (delete_tag, "untagger deleter pruner", 202),
    "DELETE a manifest": (delete_manifest, "deleter pruner", 202),
    "DELETE a blob": (delete_blob, "deleter pruner", 202),
    "PUT a signature": (put_signature, "signer", 201),
    "DELETE /admin/blobs": (lambda s, r: r.client.send("DELETE", f"/admin/blobs/{digest_of(random_blob())}"), "pruner", 204),
    "GET metrics": (lambda s, r: r.client.send("GET", "/extensions/v2/metrics"), "", 200),
}


@test.cases("Z-1 Z-2 {request} by {persona}: {status}", [
    {"request": request, "persona": persona,
     "status": success if persona in allowed.split() else 401 if persona in ("stranger", "anonymous") else 403}
    for request, (_, allowed, success) in REQUESTS.items() for persona in PERSONAS])
def cell(t, request, persona, status):
    s = scene(t)
    answer = REQUESTS[request][0](s, s.repository(persona))
    if status < 400:
        answer.status_is(status)
    elif "/admin/" in request or "metrics" in request:
        answer.status_is(status)
    else:
        code = {401: "UNAUTHORIZED", 403: "DENIED", 404: "BLOB_UNKNOWN"}[status]
        answer.error(status, code)
        if status == 401:
            expect((answer.get("WWW-Authenticate") or "").startswith("Bearer realm="), f"{answer}: no Bearer challenge")


@test("B.8 who may not pull reads the same about what is there, what is not, and a namespace that is not")
def not_revealed(t):
    s = scene(t)
    client = s.clients["nobody"]
    texts = []
    for name in (f"{s.project.name}/app", f"{s.project.name}/absent", "no-such-namespace/app"):
        answer = client.send("GET", f"/v2/{name}/manifests/v1").error(403, "DENIED")
        text = answer.body.decode().replace(s.project.home, "HOME")
        for word, stands in zip(name.split("/"), ("NAMESPACE", "NAME")):
            text = text.replace(f'\\"{word}\\"', stands)
        texts.append(text)
    expect(texts[0] == texts[1] == texts[2], f"the refusals differ: {texts}")


@test("B.8 the refusal says who may not do what")
def reason(t):
    s = scene(t)
    answer = s.repository("nobody").get("v1").error(403, "DENIED")
    text = answer.details()
    for word in ("get", "imagestreams/layers", "app", s.project.name, s.project.home + ":nobody"):
        expect(word in text, f"{answer}: {word} is not said")


@test("M-5 who may pull learns that a stream does not exist")
def absent_stream(t):
    s = scene(t)
    s.repository("puller", "absent").get("v1").error(404, "NAME_UNKNOWN")
    s.repository("puller", "absent").blob(ABSENT["sha256"]).error(404)


@test("Z-6 the accounts of a namespace may pull in it, without being told so")
def group_of_accounts(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    account = project.member("plain")
    account.repository("app").get("v1").status_is(200).body_is(content.data)


@test.cases("Z-6 the role {role}: pull {pull}, push {push}, new streams {create}, deletes {delete}", [
    {"role": role, "pull": p, "push": w, "create": c, "delete": d} for role, p, w, c, d in (
        ("view", True, False, False, False), ("edit", True, True, True, True), ("admin", True, True, True, True),
        ("system:image-puller", True, False, False, False), ("system:image-pusher", True, True, False, False),
        ("system:image-builder", True, True, True, False), ("registry-viewer", True, False, False, False),
        ("registry-editor", True, True, True, True), ("registry-admin", True, True, True, True))])
def roles(t, role, pull, push, create, delete):
    s = scene(t)
    account = s.project.account("role-" + role.replace(":", "-")).has(role)
    repository = account.repository("app")
    expect((repository.get("v1").status == 200) == pull, "pull")
    expect((start(s, repository).status == 202) == push, "push")
    expect((put_new_stream(s, repository).status == 201) == create, "new streams")
    manifest = s.owner.push(image(0), "by-role")
    expect((repository.delete(manifest.digest).status == 202) == delete, "deletes")


@test("Z-2 a right to one stream is none to another")
def one_stream(t):
    project = t.project()
    for name in ("app", "other"):
        project.repository(name).push(image(0), "v1")
    account = project.account("dev", {**PUSH, "resourceNames": ["app"]})
    account.repository("app").get("v1").status_is(200)
    account.repository("app").start()
    account.repository("other").get("v1").error(403, "DENIED")
    account.repository("other").send("POST", "/blobs/uploads/").error(403, "DENIED")


@test("P-3 no refusal tells a blob's or manifest's existence to who may not pull")
def existence(t):
    s = scene(t)
    repository = s.repository("nobody")
    for digest in (digest_of(s.content.config), digest_of(random_blob())):
        repository.blob(digest, "HEAD").status_is(403)
        repository.send("PUT", f"/manifests/{digest}", b"{}", {"Content-Type": OCI_MANIFEST}).error(403, "DENIED")
