"""GET /v2/ (1.4), and what holds for requests before any route (1.1)."""
from lib.answer import expect
from lib.register import group

test = group("ping")


@test("B-1 with credentials the answer is 200 with an empty object of two bytes")
def authenticated(t):
    t.client.send("GET", "/v2/").status_is(200).body_is(b"{}") \
        .header("Content-Type", "application/json").header("Content-Length", "2")


@test("B-2 without credentials the answer is 401 with a Bearer challenge, whatever anonymous users may do")
def unauthenticated(t):
    answer = t.anonymous().send("GET", "/v2/").error(401, "UNAUTHORIZED")
    challenge = answer.get("WWW-Authenticate") or ""
    expect(challenge.startswith('Bearer realm="'), f"{answer}: WWW-Authenticate {challenge!r}")
    expect("basic" not in challenge.lower(), f"{challenge!r}: a client looks for the last scheme named in it")


@test("B-3 HEAD has the status and headers of GET and no body")
def head(t):
    get = t.client.send("GET", "/v2/")
    answer = t.client.send("HEAD", "/v2/").status_is(200).body_is(b"")
    for name in ("Content-Type", "Content-Length", "Docker-Distribution-Api-Version"):
        answer.header(name, get.get(name))


@test("B-3 HEAD without credentials is 401 with the same challenge and no body")
def head_unauthenticated(t):
    get = t.anonymous().send("GET", "/v2/")
    answer = t.anonymous().send("HEAD", "/v2/").status_is(401).body_is(b"")
    answer.header("WWW-Authenticate", get.get("WWW-Authenticate"))


@test("C-1 the version header is on successes and refusals of /v2/")
def version(t):
    for client in (t.client, t.anonymous()):
        client.send("GET", "/v2/").header("Docker-Distribution-Api-Version", "registry/2.0")


@test("C-2 the capability header of the signature extension is on successes and refusals of /v2/")
def signatures(t):
    for client in (t.client, t.anonymous()):
        client.send("GET", "/v2/").header("X-Registry-Supports-Signatures", "1")


@test("C-7 /v2 without its slash is answered as with it, or leads there")
def without_slash(t):
    answer = t.client.send("GET", "/v2").status_is(200, 301)
    if answer.status == 301:
        expect(answer.location() == "/v2/", f"{answer}: leads to {answer.location()}")


@test("C-10 a request's identifier is echoed, and one is made where there is none")
def identifiers(t):
    t.client.send("GET", "/v2/", b"", {"X-Request-Id": "given-0123456789"}).header("X-Request-Id", "given-0123456789")
    expect(t.client.send("GET", "/v2/").get("X-Request-Id"), "no X-Request-Id in the answer")


@test("C-13 two Authorization headers are refused with 400")
def two_authorizations(t):
    t.client.send("GET", "/v2/", b"", [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
                  credentials=False).status_is(400)


@test("O-6 the registry of version 1 is not there")
def version_one(t):
    for path in ("/v1/_ping", "/v1/search?q=x"):
        t.client.send("GET", path).status_is(404)


@test.cases("Q-2 {path} is answered without credentials", [{"path": "/"}, {"path": "/healthz"}])
def health(t, path):
    t.anonymous().send("GET", path).status_is(200)
