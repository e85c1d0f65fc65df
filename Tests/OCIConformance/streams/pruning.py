"""The administrative endpoints (3.10), and what oc adm prune images sends (E-8)."""
from lib.answer import equal, expect
from lib.content import digest_of, image, index, random_blob
from lib.project import PULL, rule
from lib.register import group

test = group("administration", "api")


def pruner(project):
    return project.account("pruner").may_everywhere(PULL, rule("get list delete", "images"),
                                                    rule("get list update", "imagestreams imagestreams/status"))


def remove(account, digest, query=""):
    return account.client.send("DELETE", f"/admin/blobs/{digest}{query}")


@test("Q-1 a blob that no stream refers to is gone at once: 204, and 204 again")
def unused(t):
    project = t.project()
    repository = project.repository()
    digest = repository.push_blob(random_blob())
    account = pruner(project)
    remove(account, digest).status_is(204).body_is(b"")
    repository.blob(digest).error(404, "BLOB_UNKNOWN")
    remove(account, digest).status_is(204)
    remove(account, digest_of(random_blob())).status_is(204)


@test("Q-1 a blob that was removed can be pushed again")
def again(t):
    project = t.project()
    repository, data = project.repository(), random_blob()
    remove(pruner(project), repository.push_blob(data)).status_is(204)
    repository.blob(repository.push_blob(data)).status_is(200).body_is(data)


@test("Q-1 a blob that a stream refers to is kept: 409 with the repositories; by force it goes")
def used(t):
    project = t.project()
    repository, account = project.repository(), pruner(project)
    content = repository.push(image(), "v1")
    for digest in (content.digest, *(digest_of(data) for data in content.blobs)):
        answer = remove(account, digest).error(409, "UNSUPPORTED")
        expect(repository.name in answer.details(), f"{answer}: the repository is not named")
    repository.blob(digest_of(content.layers[0])).status_is(200)
    remove(account, digest_of(content.layers[0]), "?force=true").status_is(204)
    repository.blob(digest_of(content.layers[0])).error(404)


@test("Q-1 a manifest that was just pushed by its digest is kept, and so is what it names, until it is deleted")
def young(t):
    project = t.project()
    repository, account = project.repository(), pruner(project)
    content = repository.push(index())
    child = content.children[0]
    digests = [content.digest, child.digest, *(digest_of(data) for data in child.blobs)]
    for digest in digests:
        answer = remove(account, digest).error(409, "UNSUPPORTED")
        expect(repository.name in answer.details(), f"{answer}: the repository is not named")
    for data in child.blobs:
        repository.blob(digest_of(data)).status_is(200).body_is(data)
    for manifest in (content, *content.children):
        repository.delete(manifest.digest).status_is(202)
    for digest in digests:
        remove(account, digest).status_is(204)


@test("Q-1 a child of an index, and an image of a tag's past, keep their blobs")
def indirectly_used(t):
    project = t.project()
    repository, account = project.repository(), pruner(project)
    multi, past = repository.push(index(), "multi"), repository.push(image(), "v1")
    repository.push(image(), "v1")
    for data in (*multi.children[0].blobs, *past.blobs):
        remove(account, digest_of(data)).error(409, "UNSUPPORTED")


@test("Q-1 an Image object alone keeps no blob")
def image_alone(t):
    project = t.project()
    repository, account = project.repository(), pruner(project)
    content = repository.push(image(), "v1")
    project.delete_stream()
    expect(t.cluster.image(content.digest), "no Image to begin with")
    for data in content.blobs:
        remove(account, digest_of(data)).status_is(204)


@test.cases("Q-1 the digest {digest} is 400", [{"digest": d} for d in ("nonsense", "sha256:abc", "md5:" + "a" * 32)])
def bad_digest(t, digest):
    if not hasattr(t.run, "pruner"):
        t.run.pruner = pruner(t.run.project())
    remove(t.run.pruner, digest).status_is(400)


@test("Q-1 who may not delete images gets 403, who sends nothing 401")
def rights(t):
    project = t.project()
    digest = project.repository().push_blob(random_blob())
    remove(project.owner, digest).status_is(403)
    t.anonymous().send("DELETE", f"/admin/blobs/{digest}").status_is(401)
    project.repository().blob(digest).status_is(200)


@test("E-8 pruning an image: stream, layer links, manifest link, blobs, Image, in the order oc does it")
def pruned(t):
    project = t.project()
    repository, account = project.repository(), pruner(project)
    old, new = repository.push(image(), "v1"), repository.push(image(), "v1")
    seen = account.repository("app")
    # It asks for / first, and where that fails for /healthz.
    pings = [account.client.send("GET", path).status for path in ("/", "/healthz")]
    expect(200 in pings, f"neither / nor /healthz is 200: {pings}")
    stream = project.stream()
    for tag in stream["status"]["tags"]:
        tag["items"] = [item for item in tag["items"] if item["image"] != old.digest]
    t.cluster.send("PUT", f"{project.path}/imagestreams/app/status", stream).status_is(200)
    for data in old.blobs:
        seen.blob(digest_of(data), "DELETE").status_is(202, 404)
    seen.delete(old.digest).status_is(202, 404)
    for digest in (old.digest, *(digest_of(data) for data in old.blobs)):
        remove(account, digest).status_is(204)
    t.cluster.send("DELETE", f"/apis/image.openshift.io/v1/images/{old.digest}").status_is(200)
    repository.get(old.digest).error(404)
    for data in old.blobs:
        repository.blob(digest_of(data)).error(404)
    repository.get("v1").status_is(200).body_is(new.data)
    for data in new.blobs:
        repository.blob(digest_of(data)).status_is(200)


@test("Q-2 health is answered to everybody, not to be cached")
def health(t):
    answer = t.anonymous().send("GET", "/healthz").status_is(200)
    expect("no-cache" in (answer.get("Cache-Control") or ""), f"Cache-Control {answer.get('Cache-Control')!r}")


@test("Q-3 metrics are not for everybody")
def metrics(t):
    t.anonymous().send("GET", "/extensions/v2/metrics").status_is(401, 403)
    account = t.project().account("scraper").may_everywhere(rule("get", "registry/metrics"))
    answer = account.client.send("GET", "/extensions/v2/metrics")
    if answer.status == 200:
        expect(b"imageregistry_" in answer.body, "no metrics of a registry")
    else:
        equal(answer.status in (401, 403), True, "where metrics are off, 401 or 403")
