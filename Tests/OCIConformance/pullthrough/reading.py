"""What streams import is served, kept, and served again without where it came from (4.1 to 4.3, 4.6, 4.8, 9.4, B.6)."""
import threading

from lib.answer import equal, expect
from lib.content import OCI_MANIFEST, artifact, digest_of, image, index, random_blob
from lib.imported import NAME, import_image, imported, pull_spec, upstream
from lib.project import PULL, PUSH
from lib.raw import eventually
from lib.register import group
from lib.repository import Repository
from lib.upstream import held

test = group("pull-through", "api")


def pull(repository, content, *references):
    """All of it, as a client does; every byte must be right."""
    for reference in references or [content.digest]:
        answer = repository.get(reference).status_is(200).body_is(content.data)
        answer.header("Content-Type", content.kind).header("Docker-Content-Digest", content.digest)
    for child in content.children:
        pull(repository, child)
    for data in content.blobs:
        answer = repository.blob(digest_of(data)).status_is(200).body_is(data)
        answer.header("Docker-Content-Digest", digest_of(data)).header("Content-Length", str(len(data)))


@test.cases("9.4 {what} imported with policy {policy} is pulled by tag and digest, and again when upstream is gone", [
    {"what": what, "policy": policy, "make": make} for policy in ("Local", "Source") for what, make in (
        ("an image", image), ("a Docker image", lambda: image(docker=True)), ("an index", index),
        ("a Docker list", lambda: index(docker=True)))])
def policies(t, what, policy, make):
    server, content = upstream(t), make()
    repository = imported(t, server, content, policy=policy).repository()
    pull(repository, content, "v1", content.digest)
    server.close()
    pull(repository, content, "v1", content.digest)


@test("9.4 conversion to local: once all was pulled, upstream is not asked for anything")
def no_contact(t):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    pull(repository, content, "v1")
    server.forget()
    pull(repository, content, "v1")
    for child in content.children:
        repository.head(child.digest).status_is(200)
        for data in child.blobs:
            repository.blob(digest_of(data), "HEAD").status_is(200)
    equal([request.path for request in server.asked()], [], "what upstream was asked")


@test("9.4 the child of an index is pulled alone, before the index")
def child_first(t):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    pull(repository, content.children[1])
    server.close()
    pull(repository, content.children[1])


@test.cases("4.1 with policy {policy} the pull spec in the API is {whose}", [
    {"policy": "Source", "whose": "that of upstream"}, {"policy": "Local", "whose": "the registry's own"}])
def references(t, policy, whose):
    server, content = upstream(t), image()
    project = imported(t, server, content, policy=policy)
    seen = project.image_tag("v1")["image"]["dockerImageReference"]
    own = project.stream()["status"]["dockerImageRepository"]
    equal(seen, f"{server.host if policy == 'Source' else own.split('/')[0]}/"
          f"{NAME if policy == 'Source' else project.name + '/app'}@{content.digest}", "the pull spec")


@test("PT-4 a digest of no visible image is never asked for upstream")
def unrelated(t):
    server, content = upstream(t), image()
    project = imported(t, server, content)
    other = server.push(NAME, image(), "other")
    loose = random_blob()
    server.blobs[NAME, digest_of(loose)] = loose
    repository = project.repository()
    for digest in [digest_of(loose), other.digest, *map(digest_of, other.blobs), digest_of(b"nowhere at all")]:
        for method in ("HEAD", "GET"):
            repository.blob(digest, method).error(404, "BLOB_UNKNOWN")
    for method in ("GET", "HEAD"):
        repository.send(method, f"/manifests/{other.digest}").error(404, "MANIFEST_UNKNOWN")
        repository.send(method, "/manifests/other").error(404, "MANIFEST_UNKNOWN")
    equal([request.path for request in server.asked()], [], "what upstream was asked")


@test("3.4 who may not pull gets 403, and upstream is not asked")
def rights(t):
    server, content = upstream(t), image()
    project = imported(t, server, content)
    repository = project.account("nobody").repository("app")
    repository.get("v1").error(403, "DENIED")
    repository.blob(digest_of(content.layers[0])).error(403, "DENIED")
    equal(server.count(), 0, "requests upstream")
    pull(project.account("reader", PULL).repository("app"), content, "v1")


@test("PT-5 the repository that the image came from is asked first, and answers alone")
def own_source(t):
    server = upstream(t)
    one, two = image(), image()
    project = imported(t, server, one, tag="one", upstream_name="up/one")
    imported(t, server, two, project=project, tag="two", upstream_name="up/two")
    repository = project.repository()
    for content, other in ((one, "/up/two/"), (two, "/up/one/")):
        repository.blob(digest_of(content.layers[0])).status_is(200).body_is(content.layers[0])
        equal(server.count(part=other), 0, f"requests to {other} before")
        server.forget()


@test("4.3 a layer that the image's own repository has lost is found in an older source of the stream")
def other_source(t):
    server, content = upstream(t), image()
    project = imported(t, server, content, upstream_name="up/one")
    imported(t, server, image(0), project=project, tag="v2", upstream_name="up/two")
    data = content.layers[0]
    server.blobs["up/two", digest_of(data)] = server.blobs.pop(("up/one", digest_of(data)))
    project.repository().blob(digest_of(data)).status_is(200).body_is(data)


@test("PT-16 HEAD says the size and starts no copy")
def head(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    data = content.layers[0]
    for _ in range(3):
        answer = repository.blob(digest_of(data), "HEAD").status_is(200).header("Content-Length", str(len(data)))
        answer.header("Docker-Content-Digest", digest_of(data)).header("Accept-Ranges", "bytes")
    equal(server.count("GET", digest_of(data)), 0, "GETs upstream")
    server.close()
    repository.blob(digest_of(data)).error(404, "BLOB_UNKNOWN")


@test("PT-16 what the client has already is 304, and not fetched")
def known(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    digest = digest_of(content.layers[0])
    repository.blob(digest, headers={"If-None-Match": f'"{digest}"'}).status_is(304)
    equal(server.count("GET", digest), 0, "GETs upstream")
    repository.get("v1", headers={"If-None-Match": f'"{content.digest}"'}).status_is(304)


RANGES = [("bytes=0-9", 0, 10), ("bytes=1000-1999", 1000, 2000), ("bytes=99990-", 99_990, 100_000),
          ("bytes=-1", 99_999, 100_000), ("bytes=99999-200000", 99_999, 100_000)]


@test.cases("4.3 a range of a remote blob: {header}", [
    {"header": header, "first": first, "end": end} for header, first, end in RANGES])
def ranges(t, header, first, end):
    server, content = upstream(t), image(1, size=100_000)
    repository = imported(t, server, content).repository()
    data = content.layers[0]
    answer = repository.blob(digest_of(data), headers={"Range": header}).status_is(206).body_is(data[first:end])
    answer.header("Content-Range", f"bytes {first}-{end - 1}/100000").header("Content-Length", str(end - first))
    repository.blob(digest_of(data)).status_is(200).body_is(data)
    server.close()
    repository.blob(digest_of(data), headers={"Range": header}).status_is(206).body_is(data[first:end])


@test("4.3 a range outside of a remote blob is 416; If-Range of something else means all")
def odd_ranges(t):
    server, content = upstream(t), image(2, size=1000)
    repository = imported(t, server, content).repository()
    one, two = content.layers
    answer = repository.blob(digest_of(one), headers={"Range": "bytes=1000-"}).error(416, "RANGE_INVALID")
    answer.header("Content-Range", "bytes */1000")
    headers = {"Range": "bytes=0-9", "If-Range": '"sha256:other"'}
    repository.blob(digest_of(two), headers=headers).status_is(200).body_is(two)


@test("PT-23 the stream says what a tag means, whatever it means upstream by now")
def moved(t):
    server, content = upstream(t), image()
    repository = imported(t, server, content).repository()
    server.push(NAME, image(), "v1")
    pull(repository, content, "v1")
    equal(server.count(part="/manifests/v1"), 0, "requests for the tag upstream")
    equal(repository.tag_names(), ["v1"], "PT-27 the tags")


@test("V-6 a push on top of layers that are only remote finds them there and is taken")
def on_top(t):
    server, base = upstream(t), image(1)
    project = imported(t, server, base, tag="base")
    repository = project.account("dev", PULL, PUSH).repository("app")
    repository.blob(digest_of(base.layers[0]), "HEAD").status_is(200)
    content = image([base.layers[0], random_blob()])
    for data in (content.config, content.layers[1]):
        repository.push_blob(data)
    repository.put("mine", content).status_is(201)
    pull(repository, content, "mine")


@test("V-6 layers that were only remote when an image was pushed on top of them are copied, and then it is whole")
def on_top_alone(t):
    server, base = upstream(t), image(1)
    project = imported(t, server, base, tag="base")
    repository = project.account("dev", PULL, PUSH).repository("app")
    content = image([base.layers[0], random_blob()])
    for data in (content.config, content.layers[1]):
        repository.push_blob(data)
    repository.put("mine", content).status_is(201)

    def mark():
        image = project.cluster.get(f"/apis/image.openshift.io/v1/images/{content.digest}")
        return image["metadata"]["annotations"].get("image.openshift.io/remoteLayers")

    eventually(lambda: mark() is None, "the layer is copied")
    server.close()
    pull(repository, content, "mine")


@test("V-6 an image says that some of its layers are only remote")
def on_top_marked(t):
    server, base, gate = upstream(t), image(1), threading.Event()
    project = imported(t, server, base, tag="base")
    t.undo.callback(gate.set)
    server.when("GET", "/blobs/", held(gate))
    repository = project.account("dev", PULL, PUSH).repository("app")
    content = image([base.layers[0], random_blob()])
    for data in (content.config, content.layers[1]):
        repository.push_blob(data)
    repository.put("mine", content).status_is(201)
    marks = project.cluster.get(f"/apis/image.openshift.io/v1/images/{content.digest}")["metadata"]["annotations"]
    equal(marks.get("image.openshift.io/remoteLayers"), "true", "the mark")


@test("PT-3 nothing that is pushed goes upstream")
def push_stays(t):
    server = upstream(t)
    project = imported(t, server, image())
    project.repository().push(image(), "v1", "v2")
    equal({request.method for request in server.asked()} - {"GET", "HEAD"}, set(), "methods upstream")


@test("4.9 artifacts with config and layers of any type pass through")
def artifacts(t):
    server, content = upstream(t), artifact()
    pull(imported(t, server, content).repository(), content, "v1")


@test("4.2 a client that takes no lists gets the default platform's image out of a remote list")
def negotiated(t):
    server, content = upstream(t), index()
    repository = imported(t, server, content).repository()
    repository.get("v1", {"Accept": OCI_MANIFEST}).status_is(200).body_is(content.children[0].data)


@test("4.2 a stream of another project that is tagged from the first one's is pulled too")
def tagged_on(t):
    server, content = upstream(t), image()
    source, target = imported(t, server, content), t.project()
    target.make_stream(annotations={"openshift.io/image.insecureRepository": "true"})
    target.tag_from(f"{source.name}/app@{content.digest}", "copy")
    pull(target.repository(), content, "copy")


@test("4.2 an older image of a tag is still served by its digest")
def older(t):
    server, old, new = upstream(t), image(), image()
    project = imported(t, server, old)
    imported(t, server, new, project=project)
    equal([event["image"] for event in project.history("v1")], [new.digest, old.digest], "the history")
    pull(project.repository(), old)
    pull(project.repository(), new, "v1")


@test("4.1 a deleted stream serves nothing of what it fetched, nor does a new one of its name")
def deleted(t):
    server, content = upstream(t), image()
    project = imported(t, server, content)
    repository = project.repository()
    pull(repository, content, "v1")
    project.delete_stream()
    repository.get(content.digest).error(404)
    repository.blob(digest_of(content.layers[0])).error(404)
    project.make_stream()
    repository.get(content.digest).error(404)
    repository.blob(digest_of(content.layers[0])).error(404)


@test("4.2 an import by digest is served like one by tag")
def by_digest(t):
    server, content = upstream(t), image()
    server.push(NAME, content)
    project = t.project()
    item = import_image(project, pull_spec(server, content), "pinned")
    expect(item["status"].get("status") in (None, "Success"), str(item["status"]))
    pull(Repository(project.owner.client, f"{project.name}/app"), content, "pinned")
