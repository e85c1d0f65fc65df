"""Credentials, redirects, plain HTTP, loops and signatures of what streams import (4.4, 4.7, 4.9, 4.11)."""
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from lib.answer import equal, expect
from lib.content import artifact, digest_of, image, index
from lib.imported import NAME, change_stream, give_secret, import_image, imported, upstream, within
from lib.raw import eventually
from lib.register import group
from lib.upstream import redirect, status

test = group("pull-through-secrets", "api")
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
BOTH = [{"scheme": "basic"}, {"scheme": "bearer"}]


def private(t, scheme, content, password="right"):
    """A project that has the pull secret of an upstream which wants one."""
    server, project = upstream(t), t.project()
    server.demands(scheme, puller=password)
    give_secret(project, server, "puller", password)
    return server, imported(t, server, content, project=project)


@test.cases("9.4 a private upstream that wants {scheme} credentials is read with the namespace's secret", BOTH)
def namespace_secret(t, scheme):
    content = image()
    server, project = private(t, scheme, content)
    repository = project.repository()
    for data in content.blobs:
        repository.blob(digest_of(data), "HEAD").status_is(200)
        repository.blob(digest_of(data)).status_is(200).body_is(data)
    repository.get("v1").status_is(200).body_is(content.data)
    for request in server.asked("TOKEN"):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        equal(query.get("scope"), [f"repository:{NAME}:pull"], "the scope of a token")


@test.cases("9.4 with a wrong secret ({scheme}) it is 404 with the cause and without the password", BOTH)
def wrong_secret(t, scheme):
    content = index()
    server, project = private(t, scheme, content)
    repository = project.repository()
    give_secret(project, server, "puller", "not-the-password")
    answer = eventually(lambda: failing(repository.get(content.children[0].digest)), "the wrong secret is used")
    answer.error(404, "OPENSHIFT_PULLTHROUGH_MANIFEST")
    expect("unauthorized" in answer.details().lower(), str(answer))
    server.demands(None)
    repository.get(content.children[0].digest).status_is(200)
    server.demands(scheme, puller="right")
    answer = repository.blob(digest_of(content.children[0].layers[0])).error(404, "BLOB_UNKNOWN")
    expect("unauthorized" in answer.details().lower(), str(answer))
    expect("not-the-password" not in answer.details(), "the password is in the answer")


def failing(answer):
    return answer if answer.status >= 400 else None


@test.cases("PT-11 a rotated secret ({scheme}) takes effect with the next request", BOTH)
def rotated(t, scheme):
    content = image()
    server, project = private(t, scheme, content)
    repository = project.repository()
    repository.blob(digest_of(content.layers[0])).status_is(200)
    server.demands(scheme, puller="new")
    repository.blob(digest_of(content.layers[1])).error(404, "BLOB_UNKNOWN")
    give_secret(project, server, "puller", "new")
    repository.blob(digest_of(content.layers[1])).status_is(200).body_is(content.layers[1])


@test("PT-8 a secret that is excluded is not used")
def excluded(t):
    content = image()
    server, project = private(t, "basic", content)
    give_secret(project, server, "puller", "right", **{"openshift.io/image.excludeSecret": "true"})
    project.repository().blob(digest_of(content.layers[0])).error(404, "BLOB_UNKNOWN")


@test("PT-8 secrets of other namespaces are not used")
def foreign_secret(t):
    content = image()
    server, project = private(t, "basic", content)
    server.demands(None)
    other = imported(t, server, content)
    server.demands("basic", puller="right")
    other.repository().blob(digest_of(content.layers[0])).error(404, "BLOB_UNKNOWN")
    project.repository().blob(digest_of(content.layers[0])).status_is(200)


@test("PT-9 the secret of the longest path wins, and another one that fits is tried after it")
def longest(t):
    server, project, content = upstream(t), t.project(), image()
    server.demands("basic", puller="right")
    give_secret(project, f"{server.host}/{NAME}", "puller", "right", name="exact")
    give_secret(project, server, "puller", "wrong", name="host")
    imported(t, server, content, project=project)
    repository = project.repository()
    repository.blob(digest_of(content.layers[0])).status_is(200)
    give_secret(project, f"{server.host}/{NAME}", "puller", "wrong", name="exact")
    give_secret(project, server, "puller", "right", name="host")
    repository.blob(digest_of(content.layers[1])).status_is(200)


@test.cases("PT-7 a redirect ({code}) to another host is followed, and credentials do not go there", [
    {"code": code} for code in (301, 302, 303, 307, 308)])
def redirected(t, code):
    content, other = image(), upstream(t)
    server, project = private(t, "basic", content)
    other.push(NAME, content)
    server.when("GET", "/blobs/", redirect(f"http://localhost:{other.host.split(':')[1]}", code))
    data = content.layers[0]
    project.repository().blob(digest_of(data)).status_is(200).body_is(data)
    expect(other.count() > 0, "the other host was not asked")
    equal([request.header("authorization") for request in other.asked()], [None] * other.count(), "credentials there")


@test("PT-7 redirects that do not end are 404 soon")
def circle(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    for method in ("GET", "HEAD"):
        server.when(method, "/blobs/", redirect(f"http://{server.host}"))
    within(10, lambda: repository.blob(digest_of(content.layers[0]))).error(404, "BLOB_UNKNOWN")
    expect(server.count() <= 50, f"{server.count()} requests")


@test.cases("PT-7 a redirect to {place} is not followed", [
    {"place": place} for place in (
        "file:///etc/passwd", "ftp://example.com/x", "http://user:word@127.0.0.1/x", "",
        "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0/")])
def odd_redirects(t, place):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    for method in ("GET", "HEAD"):
        server.when(method, "/blobs/", lambda handler: handler.answer(302, b"", {"Location": place}))
    within(10, lambda: repository.blob(digest_of(content.layers[0]))).error(404, "BLOB_UNKNOWN")


def secure_again(project):
    def change(stream):
        for tag in stream["spec"]["tags"]:
            tag["importPolicy"]["insecure"] = False
    change_stream(project, change)


@test("PT-21 plain HTTP is spoken only where the tag or the stream allows it")
def insecure(t):
    server, content = upstream(t), image()
    project = imported(t, server, content)
    repository = project.repository()
    repository.blob(digest_of(content.layers[0])).status_is(200)
    secure_again(project)
    asked = server.count()
    repository.blob(digest_of(content.layers[1])).error(404, "BLOB_UNKNOWN")
    repository.blob(digest_of(content.layers[1]), "HEAD").error(404)
    equal(server.count("GET", "/blobs/"), 1, f"GETs upstream, of {asked} requests before")
    change_stream(project, lambda stream: stream["metadata"].setdefault("annotations", {}).update(
        {"openshift.io/image.insecureRepository": "true"}))
    repository.blob(digest_of(content.layers[1])).status_is(200).body_is(content.layers[1])


@test("PT-21 an insecure tag makes no other tag's source insecure")
def insecure_elsewhere(t):
    one, two = upstream(t), upstream(t)
    first, second = image(), image()
    project = imported(t, one, first, tag="one")
    secure_again(project)
    imported(t, two, second, project=project, tag="two")
    repository = project.repository()
    repository.blob(digest_of(first.layers[0])).error(404, "BLOB_UNKNOWN")
    equal(one.count(part="/blobs/"), 0, "requests to the one that is not insecure")
    repository.blob(digest_of(second.layers[0])).status_is(200)


@test("PT-29 a stream that imports from its own registry under another name ends with 404 within 1 s")
def loop(t):
    server, content = upstream(t), image()
    project = imported(t, server, content, tag="v0")
    port = t.target.port
    give_secret(project, f"localhost:{port}", "any", project.owner.token)
    item = import_image(project, f"localhost:{port}/{project.name}/app:v0", "v1")
    expect(item["status"].get("status") in (None, "Success"), f"the import: {item['status']}")
    project.cluster.send("DELETE", f"{project.path}/imagestreamtags/app:v0").status_is(200)
    equal([event["dockerImageReference"].split("/")[0] for event in project.history("v1")], [f"localhost:{port}"], "sources")
    repository = project.repository()
    for method in ("GET", "HEAD"):
        within(1, lambda: repository.blob(digest_of(content.layers[0]), method)).error(404)


@test("PT-29 requests upstream say where they come from, with what the client said before")
def trace(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    digest = digest_of(content.layers[0])
    repository.blob(digest, headers={"X-Registry-Request-URL": "https://first.example/v2/x/blobs/y"}).status_is(200)
    for request in server.asked("GET", digest):
        expect(request.header("x-registry-request-url"), "no X-Registry-Request-URL")


@test("PT-29 a request that has already been at the URL upstream is refused")
def came_round(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    digest = digest_of(content.layers[0])
    url = f"http://{server.host}/v2/{NAME}/blobs/{digest}"
    within(1, lambda: repository.blob(digest, headers={"X-Registry-Request-URL": url})).error(404, "BLOB_UNKNOWN")
    equal(server.count(part=digest), 0, "requests upstream")


def signed(server, content):
    """What cosign pushes: a tag beside the image."""
    signature = artifact(artifact_type=None, layers=[b'{"critical":{}}' + content.digest.encode()])
    server.push(NAME, signature, f"sha256-{content.digest[7:]}.sig")
    return signature


@test.cases("PT-26 the signature tag of a remote image is served, {when}", [
    {"when": "before the image was pulled", "first": False}, {"when": "after it", "first": True}])
def signature_tag(t, when, first):
    server, content = upstream(t), image()
    project = imported(t, server, content)
    repository, signature = project.repository(), signed(server, content)
    if first:
        repository.get("v1").status_is(200)
    tag = f"sha256-{content.digest[7:]}.sig"
    repository.get(tag).status_is(200).body_is(signature.data).header("Docker-Content-Digest", signature.digest)
    repository.blob(digest_of(signature.layers[0])).status_is(200).body_is(signature.layers[0])
    equal(repository.tag_names(), ["v1"], "the tags")
    expect([tag["tag"] for tag in project.stream()["status"]["tags"]] == ["v1"], "the stream was changed")


@test("PT-26 tags of other digests, and other tags, are not asked for upstream")
def no_other_tags(t):
    server, content, other = upstream(t), image(), image()
    repository = imported(t, server, content).repository()
    signed(server, server.push(NAME, other, "other"))
    for tag in (f"sha256-{other.digest[7:]}.sig", "other", "sha256-00.sig"):
        repository.get(tag).error(404, "MANIFEST_UNKNOWN")
    repository.get(f"sha256-{content.digest[7:]}.att").error(404, "MANIFEST_UNKNOWN")
    equal([r.path for r in server.asked() if "/manifests/" in r.path and not r.path.endswith(".att")
           and content.digest not in r.path], [], "asked")


@test("PT-25 the referrers of a remote image are those of upstream and those pushed here")
def referrers(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    remote = server.refer(NAME, content.digest, artifact(content))
    local = repository.push(artifact(content))
    equal(sorted(repository.referrer_digests(content.digest)), sorted([local.digest, remote.digest]), "referrers")
    repository.get(remote.digest).status_is(200).body_is(remote.data)


@test("PT-25 pages of referrers lead through those of upstream and those pushed here, each once")
def referrer_pages(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    expected = {server.refer(NAME, content.digest, artifact(content)).digest for _ in range(3)}
    expected |= {repository.push(artifact(content)).digest for _ in range(2)}
    seen, answer = [], repository.referrers(content.digest, n=1)
    for _ in range(10):
        seen += [item["digest"] for item in answer.status_is(200).json()["manifests"]]
        link = answer.get("Link")
        if not link:
            break
        answer = repository.client.send("GET", link[link.index("<") + 1:link.index(">")])
    equal(sorted(seen), sorted(expected), "referrers on all pages")


@test("PT-25 a registry that calls somebody's manifest a referrer opens it to nobody")
def claimed_referrer(t):
    server, content = upstream(t), image()
    victim = t.project().repository()
    private = victim.push(image(), "v1")
    repository = imported(t, server, content).repository()
    server.claim(NAME, content.digest, private)
    expect(private.digest in repository.referrer_digests(content.digest), "the claim is not listed")
    repository.get(private.digest).error(404, "OPENSHIFT_PULLTHROUGH_MANIFEST")
    for layer in private.layers:
        repository.blob(digest_of(layer)).error(404, "BLOB_UNKNOWN")


@test("PT-25 when upstream does not answer, the local referrers are there, with a warning")
def referrers_down(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    local = repository.push(artifact(content))
    server.when("GET", "/referrers/", status(500))
    answer = repository.referrers(content.digest).status_is(200)
    equal([item["digest"] for item in answer.json()["manifests"]], [local.digest], "referrers")
    expect(answer.get("Warning"), "no Warning")


if shutil.which("skopeo"):
    @test("9.4 skopeo copies an index out of a stream that is pulled through")
    def skopeo(t):
        server, content = upstream(t), index()
        project = imported(t, server, content)
        repository = project.repository()
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            source = f"docker://{t.target.authority}/{repository.name}:v1"
            command = ["skopeo", "copy", "--all", "--src-tls-verify=false", f"--src-creds=any:{project.owner.token}",
                       "--preserve-digests", source, f"dir:{folder}/out"]
            for when in ("through", "kept"):
                started = time.monotonic()
                done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                took = time.monotonic() - started
                expect(done.returncode == 0, f"skopeo, {when}, after {took:.1f} s: {done.stderr[-500:]}")
                with open(f"{folder}/out/manifest.json", "rb") as file:
                    equal(file.read() == content.data, True, "the bytes of the index")
                server.close()
