"""Limit ranges and quotas at the registry (5.7, N-12, U-24)."""
import json

from lib.answer import expect
from lib.content import digest_of, image, random_blob
from lib.project import CREATE, PULL, PUSH
from lib.raw import eventually
from lib.register import group
from lib.repository import with_query

test = group("limits", "api")


def limit(project, kind, **maximum):
    project.cluster.create(f"/api/v1/namespaces/{project.name}/limitranges", {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"},
        "spec": {"limits": [{"type": kind, "max": maximum}]}})


def denied(answer, *words):
    """403 DENIED with the reason, which clients print; no code that makes them convert and try again (J-2)."""
    answer.error(403, "DENIED")
    for word in words:
        expect(word in answer.details(), f"{answer}: {word!r} is not said")
    return answer


@test("U-24 a blob that is larger than an image may be is refused when it is finished, and its upload is over")
def blob(t):
    project = t.project()
    limit(project, "openshift.io/Image", storage="100Ki")
    repository, data = project.repository(), random_blob(150_000)
    place = repository.start()
    denied(repository.finish(place, digest_of(data), data), "exceeds the maximum limit", "openshift.io/Image")
    repository.blob(digest_of(data), "HEAD").status_is(404)
    repository.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    denied(repository.send("POST", f"/blobs/uploads/?digest={digest_of(data)}", data), "exceeds the maximum limit")
    repository.push_blob(random_blob(90_000))


@test("5.7 an image that is larger than allowed is refused, though each of its blobs is not")
def whole_image(t):
    project = t.project()
    limit(project, "openshift.io/Image", storage="100Ki")
    repository, content = project.repository(), image(2, size=60_000)
    for data in content.blobs:
        repository.push_blob(data)
    denied(repository.put("v1", content), "exceeds the maximum limit", "openshift.io/Image")
    repository.get("v1").error(404)
    repository.push(image(1, size=60_000), "v1")


@test("5.7 more tags than a stream may have are refused")
def tags(t):
    project = t.project()
    limit(project, "openshift.io/ImageStream", **{"openshift.io/images": "2"})
    repository = project.repository()
    for tag in ("a", "b"):
        repository.push(image(0), tag)
    content = image(0)
    repository.push_blob(content.config)
    denied(repository.put("c", content), "openshift.io/images")
    expect(t.cluster.image(content.digest) is None, "the Image was made")
    expect(repository.tag_names() == ["a", "b"], "the tags")


@test("N-12 more streams than the quota allows are refused when a push makes one")
def quota(t):
    project = t.project()
    path = f"/api/v1/namespaces/{project.name}/resourcequotas"
    project.cluster.create(path, {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "streams"},
        "spec": {"hard": {"openshift.io/imagestreams": "1"}}})
    project.repository("one").push(image(0), "v1")

    def used():
        return ((project.cluster.get(f"{path}/streams")["status"] or {}).get("used") or {}).get("openshift.io/imagestreams")

    eventually(lambda: used() == "1", "the quota counts the stream")
    repository, content = project.repository("two"), image(0)
    answer = repository.send("POST", "/blobs/uploads/")
    if answer.status == 202:
        repository.finish(answer.location(), digest_of(content.config), content.config)
        answer = repository.put("v1", content)
    denied(answer, "exceeded quota")
    expect(project.stream("two") is None, "the stream was made")


@test("5.7 bytes beyond the namespace's quota are refused, finished or mounted; what is there already is free")
def storage(t):
    name = "registry.openshift.io/storage"
    project, source = t.project(), t.project()
    path = f"/api/v1/namespaces/{project.name}/resourcequotas"
    project.cluster.create(path, {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "bytes"}, "spec": {"hard": {name: "100k"}}})

    def used(amount):
        status = project.cluster.get(f"{path}/bytes")["status"] or {}
        return (status.get("used") or {}).get(name) == amount

    first, second, foreign = project.repository("one"), project.repository("two"), source.repository("app")
    kept, data = random_blob(64_000), random_blob(64_000)
    first.push_blob(kept)
    second.push_blob(kept)
    eventually(lambda: used("64000"), "the quota counts the blob, once")
    place = first.start()
    denied(first.finish(place, digest_of(data), data), "exceeded quota: bytes", f"limited: {name}=100k")
    first.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    denied(second.send("POST", f"/blobs/uploads/?digest={digest_of(data)}", data), "exceeded quota")
    foreign.push_blob(data)
    account = project.account("dev", PUSH, CREATE).may(PULL, namespace=source.name)
    denied(account.repository("two").send(
        "POST", f"/blobs/uploads/?mount={digest_of(data)}&from={foreign.name}"), "exceeded quota")
    second.blob(digest_of(data), "HEAD").status_is(404)
    project.cluster.send("DELETE", f"{path}/bytes").status_is(200)
    second.push_blob(data)


def announced(t, client, method, path, length):
    """The answer to a body that is announced, and never comes."""
    with t.raw(timeout=15) as raw:
        raw.authorization = client.authorization
        raw.begin(method, path, {"Content-Length": str(length), "Content-Type": "application/octet-stream"})
        return raw.answer()


@test("U-24 5.7 what is announced to be too large is refused before it comes, and the upload is over")
def beforehand(t):
    name = "registry.openshift.io/storage"
    project = t.project()
    limit(project, "openshift.io/Image", storage="1Gi")
    path = f"/api/v1/namespaces/{project.name}/resourcequotas"
    project.cluster.create(path, {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "bytes"}, "spec": {"hard": {name: "100k"}}})
    repository = project.repository()
    repository.push_blob(random_blob(60_000))
    digest = digest_of(random_blob())
    for length, reason in ((2 << 30, "openshift.io/Image"), (70_000, "exceeded quota: bytes")):
        ways = [("POST", f"{repository.base}/blobs/uploads/?digest={digest}")]
        ways += [("PATCH", repository.start()), ("PUT", with_query(repository.start(), digest=digest))]
        for method, place in ways:
            denied(announced(t, repository.client, method, place, length), reason)
            if method != "POST":
                repository.client.send("GET", place.split("?")[0]).error(404, "BLOB_UPLOAD_UNKNOWN")
    repository.push_blob(random_blob(30_000))


@test("5.7 limits that are changed count from the next push on")
def changed(t):
    project = t.project()
    repository, data = project.repository(), random_blob(50_000)
    repository.push_blob(data)
    limit(project, "openshift.io/Image", storage="10Ki")
    other = random_blob(50_000)
    denied(repository.finish(repository.start(), digest_of(other), other), "exceeds the maximum limit")
    project.cluster.send("DELETE", f"/api/v1/namespaces/{project.name}/limitranges/limits").status_is(200)
    repository.push_blob(other)
    repository.push(image(1, size=40_000), "v1")
    expect(json.dumps(project.history("v1")) != "[]", "no event")
