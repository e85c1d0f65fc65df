"""Who somebody is: challenges, the token endpoint, docker login (3.3)."""
import base64
import hashlib
import os
import re
import urllib.parse
from datetime import datetime

from lib.answer import Failure, equal, expect
from lib.client import CHALLENGE, Client, credentials
from lib.content import digest_of, image, random_blob
from lib.project import PULL, PUSH
from lib.raw import eventually
from lib.register import group
from lib.repository import Repository

test = group("login", "api")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(t, query="", authorization=None):
    headers = {"Authorization": authorization} if authorization else {}
    return t.anonymous().send("GET", "/openshift/token" + query, headers=headers)


def post(t, **fields):
    return t.anonymous().send("POST", "/openshift/token", urllib.parse.urlencode(fields).encode(), FORM)


def challenge(answer):
    value = answer.status_is(401).get("WWW-Authenticate") or ""
    expect(value.startswith("Bearer "), f"{answer}: WWW-Authenticate {value!r}")
    return dict(CHALLENGE.findall(value))


def refused(answer, why):
    value = answer.error(401, "UNAUTHORIZED").get("WWW-Authenticate")
    expect(re.fullmatch(f'Basic realm="openshift", ?error="{why}"', value or ""), f"{answer}: WWW-Authenticate {value!r}")


@test("I-4 docker login: challenge, token, ping")
def docker_login(t):
    account = t.project().account("dev")
    found = challenge(t.anonymous().send("GET", "/v2/"))
    equal(found["realm"], f"{t.target.url}/openshift/token", "the realm")
    answer = ask(t, "?account=any&client_id=docker&offline_token=true", credentials("any", account.token)).status_is(200)
    answer.header("Content-Type", re.compile("application/json.*"))
    document = answer.json()
    expect(document["token"] == document["access_token"], "two tokens")
    expect(document["expires_in"] >= 60, f"expires_in {document['expires_in']}")
    datetime.fromisoformat(document["issued_at"].replace("Z", "+00:00"))
    Client(t.target, token=document["token"]).send("GET", "/v2/").status_is(200).body_is(b"{}")


@test.cases("I-2 the challenge of {method} {rest} names the scope {actions}", [
    {"method": method, "rest": rest, "actions": actions} for method, rest, actions in (
        ("GET", "manifests/v1", "pull"), ("HEAD", "manifests/v1", "pull"), ("GET", "tags/list", "pull"),
        ("PUT", "manifests/v1", "pull,push"), ("POST", "blobs/uploads/", "pull,push"))])
def scope(t, method, rest, actions):
    name = f"{t.namespace}/app"
    found = challenge(t.anonymous().send(method, f"/v2/{name}/{rest}"))
    equal(found.get("scope"), f"repository:{name}:{actions}", "the scope")
    equal(found["realm"], f"{t.target.url}/openshift/token", "the realm")


@test("I-1 an API token is good as a password of any name, and as a Bearer token")
def names(t):
    token = t.project().account("dev").token
    # A user with a colon would end at it: the rest is the password (RFC 7617).
    for user in ("any", "", "serviceaccount", "<token>", "ü"):
        answer = Client.basic(t.target, user, token).send("GET", "/v2/")
        expect(answer.status == 200, f"{user!r}: {answer}")
    Client(t.target, token=token).send("GET", "/v2/").status_is(200)
    t.anonymous().send("GET", "/v2/", headers={"Authorization": f"bearer {token}"}).status_is(200)


@test("I-1 the word anonymous is nobody, and may see /v2/")
def anonymous_word(t):
    Client(t.target, token="anonymous").send("GET", "/v2/").status_is(200)


@test("I-2 credentials that cannot be decoded: Basic, failed to decode credentials")
def undecodable(t):
    for value in ("Basic ***", "Basic " + base64.b64encode(b"nocolon").decode(), credentials("user", "")):
        answer = t.anonymous().send("GET", "/v2/", headers={"Authorization": value})
        try:
            refused(answer, "failed to decode credentials")
        except Failure as error:
            raise Failure(f"{value!r}: {error}") from None


@test("I-2 a token that nobody has: Basic, access denied")
def unknown(t):
    for value in ("Bearer nonsense", credentials("any", "nonsense"), "Bearer sha256~" + "a" * 43, "Bearer a.b.c"):
        refused(t.anonymous().send("GET", "/v2/", headers={"Authorization": value}), "access denied")


@test("I-2 a changed token: Basic, access denied")
def changed(t):
    token = t.project().account("dev").token
    other = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")
    refused(Client(t.target, token=other).send("GET", "/v2/"), "access denied")


@test("I-1 another scheme counts as no credentials")
def scheme(t):
    challenge(t.anonymous().send("GET", "/v2/", headers={"Authorization": "Digest username=x"}))


@test("I-5 the token of a deleted account is good for nothing")
def deleted_account(t):
    project = t.project()
    account = project.account("dev", PULL)
    project.repository().push(image(0), "v1")
    account.repository("app").get("v1").status_is(200)
    project.cluster.send("DELETE", f"/api/v1/namespaces/{project.home}/serviceaccounts/dev").status_is(200)
    refused(eventually(lambda: (a := account.client.send("GET", "/v2/")).status == 401 and a, "it is refused", 5), "access denied")
    account.repository("app").get("v1").status_is(401)
    ask(t, authorization=credentials("x", account.token)).status_is(401).body_is(b"")


@test("I-5 an expired token: Basic, access denied; the same at the token endpoint")
def expired(t):
    name, secret = f"user-{os.urandom(4).hex()}", os.urandom(32).hex()
    user = t.cluster.create("/apis/user.openshift.io/v1/users", {
        "apiVersion": "user.openshift.io/v1", "kind": "User", "metadata": {"name": name}})
    digest = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")
    t.cluster.create("/apis/oauth.openshift.io/v1/oauthaccesstokens", {
        "apiVersion": "oauth.openshift.io/v1", "kind": "OAuthAccessToken", "metadata": {"name": f"sha256~{digest}"},
        "clientName": "openshift-challenging-client", "userName": name, "userUID": user["metadata"]["uid"],
        "expiresIn": 5, "scopes": ["user:full"], "redirectURI": "https://localhost/"})
    client = Client(t.target, token=f"sha256~{secret}")
    client.send("GET", "/v2/").status_is(200)
    refused(eventually(lambda: (a := client.send("GET", "/v2/")).status == 401 and a, "it expires", 70), "access denied")
    ask(t, authorization=credentials("x", f"sha256~{secret}")).status_is(401)


def expired_token(t, seconds):
    """A token of a new user who may push to a new project, with the name that it can be revoked by."""
    name, secret = f"user-{os.urandom(4).hex()}", os.urandom(32).hex()
    user = t.cluster.create("/apis/user.openshift.io/v1/users", {
        "apiVersion": "user.openshift.io/v1", "kind": "User", "metadata": {"name": name}})
    project = t.project()
    project.cluster.bind({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}, "admin", project.name)
    digest = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")

    def make(token, lifetime):
        t.cluster.create("/apis/oauth.openshift.io/v1/oauthaccesstokens", {
            "apiVersion": "oauth.openshift.io/v1", "kind": "OAuthAccessToken", "metadata": {"name": f"sha256~{token}"},
            "clientName": "openshift-challenging-client", "userName": name, "userUID": user["metadata"]["uid"],
            "expiresIn": lifetime, "scopes": ["user:full"], "redirectURI": "https://localhost/"})

    make(digest, seconds)
    return project, f"sha256~{secret}", f"/apis/oauth.openshift.io/v1/oauthaccesstokens/sha256~{digest}"


@test("6.10 an upload may be ended with the token that began it after that has expired, until it is revoked")
def expired_upload(t):
    project, token, place = expired_token(t, 10)
    repository = Repository(Client(t.target, token=token), f"{project.name}/app")
    data = random_blob()
    first, second = repository.start(), repository.start()
    foreign = project.repository().start()
    eventually(lambda: repository.client.send("GET", "/v2/").status == 401, "it expires", 90)
    repository.append(first, data).status_is(202)
    repository.client.send("GET", first).status_is(204)
    # It is good for what it began, and for nothing else.
    repository.append(foreign, data).error(401, "UNAUTHORIZED")
    repository.send("POST", "/blobs/uploads/").error(401, "UNAUTHORIZED")
    repository.finish(first, digest_of(data)).status_is(201)
    project.repository().blob(digest_of(data)).status_is(200).body_is(data)
    t.cluster.send("DELETE", place).status_is(200)
    eventually(lambda: repository.append(second, data).status == 401, "it is revoked", 10)
    repository.finish(second, digest_of(data), data).error(401, "UNAUTHORIZED")


@test("C-13 two Authorization headers are 400, at the token endpoint too")
def two_headers(t):
    for path in ("/v2/", "/openshift/token"):
        headers = [("Authorization", "Basic Og=="), ("Authorization", "Bearer anonymous")]
        t.anonymous().send("GET", path, headers=headers).status_is(400)


@test("A-3 the challenge of the catalog names its scope")
def catalog_scope(t):
    equal(challenge(t.anonymous().send("GET", "/v2/_catalog")).get("scope"), "registry:catalog:*", "the scope")


@test("I-3 OAuth 2: an empty user and password are nobody; a form that is too large is 413")
def oauth_anonymous(t):
    document = post(t, grant_type="password", username="", password="", service="x").status_is(200).json()
    equal(document["access_token"], "anonymous", "the token")
    post(t, grant_type="password", username="x", password="").status_is(401)
    post(t, grant_type="password", username="x", password="a" * 70_000).status_is(413)


@test("I-3 without credentials the token is the word anonymous; so it is with an empty user and password")
def anonymous_token(t):
    for authorization in (None, "Basic Og=="):
        document = ask(t, "?service=x&scope=repository:a/b:pull", authorization).status_is(200).json()
        equal((document["token"], document["access_token"]), ("anonymous", "anonymous"), "the tokens")


@test("I-3 a wrong password is 401 without a body")
def wrong_password(t):
    ask(t, authorization=credentials("any", "nonsense")).status_is(401).body_is(b"")


@test("I-3 another scheme is 401")
def token_scheme(t):
    for value in ("Bearer x", "Digest x", "Nonsense"):
        ask(t, authorization=value).status_is(401)


@test("I-3 scopes that cannot be read are ignored; a name that is no stream's is 401 with details")
def token_scopes(t):
    token = t.project().account("dev").token
    good = credentials("x", token)
    for scope in ("nonsense", "a:b", "registry:catalog:*", "repository(plugin):a/b:pull", "repository:a/b:pull,push,delete", ""):
        ask(t, "?" + urllib.parse.urlencode({"scope": scope}), good).status_is(200)
    ask(t, "?scope=repository:a/b:pull&scope=repository:c/d:push&scope=x", good).status_is(200)
    for scope in ("repository:one:pull", "repository:a/b/c:pull", "signature:one:get"):
        document = ask(t, "?" + urllib.parse.urlencode({"scope": scope}), good).status_is(401).json()
        expect("must be of the format <project>/<name>" in document["details"], f"{document}")


@test("I-3 OAuth 2: a password, and a refresh token only where one is asked for")
def oauth(t):
    token = t.project().account("dev").token
    fields = {"grant_type": "password", "username": "any", "password": token, "service": "x", "client_id": "containerd",
              "scope": "repository:a/b:pull"}
    document = post(t, **fields).status_is(200).json()
    expect("refresh_token" not in document and document["expires_in"] >= 60, f"members: {sorted(document)}")
    Client(t.target, token=document["access_token"]).send("GET", "/v2/").status_is(200)
    document = post(t, **fields, access_type="offline").status_is(200).json()
    again = post(t, grant_type="refresh_token", refresh_token=document["refresh_token"], service="x", client_id="y")
    Client(t.target, token=again.status_is(200).json()["access_token"]).send("GET", "/v2/").status_is(200)


@test("I-3 OAuth 2: wrong passwords and unknown grants are refused")
def oauth_refused(t):
    post(t, grant_type="password", username="any", password="nonsense", service="x").status_is(401)
    post(t, grant_type="refresh_token", refresh_token="nonsense", service="x").status_is(401)
    post(t, grant_type="nonsense").status_is(400, 401)
    post(t).status_is(400, 401)


@test("Z-7 anonymous pull: no credentials, a challenge, the word, and the image")
def anonymous_pull(t):
    project = t.project()
    content = project.repository().push(image(), "v1")
    path = f"/v2/{project.name}/app/manifests/v1"
    stranger = project.anonymous()
    challenge(stranger.get("v1"))
    project.cluster.bind({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"},
                         "system:image-puller", project.name)
    challenge(t.anonymous().send("GET", "/v2/"))
    found = challenge(t.anonymous().send("GET", path))
    token = ask(t, "?scope=" + found["scope"]).json()["token"]
    equal(token, "anonymous", "the token")
    stranger.get("v1").status_is(200).body_is(content.data)
    for data in content.blobs:
        stranger.blob(next(iter([d["digest"] for d in [content.document["config"], *content.document["layers"]]
                                 if d["size"] == len(data)]))).status_is(200)
    challenge(stranger.send("POST", "/blobs/uploads/"))
    challenge(stranger.delete("v1"))


@test("V-5 a right that is taken away is gone at once")
def right_removed(t):
    project = t.project()
    project.repository().push(image(0), "v1")
    account = project.account("dev", PUSH)
    repository = account.repository("app")
    repository.get("v1").status_is(200)
    bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{project.name}/rolebindings"
    for item in project.cluster.get(bindings)["items"]:
        if any(subject.get("name") == "dev" for subject in item.get("subjects") or []):
            project.cluster.send("DELETE", f"{bindings}/{item['metadata']['name']}").status_is(200)
    repository.get("v1").error(403, "DENIED")
    repository.send("POST", "/blobs/uploads/").error(403, "DENIED")
