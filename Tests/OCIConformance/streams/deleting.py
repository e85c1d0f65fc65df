"""What deletes do to streams, and deleted streams to the registry (3.7)."""
from lib.answer import equal, expect
from lib.content import ABSENT, digest_of, image, index, random_blob
from lib.project import PULL, PUSH, Project, item_of, rule
from lib.raw import eventually
from lib.register import group
from lib.repository import with_query

test = group("deleting in streams", "api")
DELETE_LAYERS = rule("delete", "imagestreams/layers")
DELETE_IMAGES = rule("delete", "images")


def is_gone(repository, *digests):
    """Everything of a repository whose stream does not exist."""
    repository.tags().error(404, "NAME_UNKNOWN")
    repository.get("v1").error(404, "NAME_UNKNOWN")
    for digest in digests:
        repository.blob(digest).error(404)
        repository.blob(digest, "HEAD").error(404)
        repository.get(digest).error(404)


@test("E-1 a deleted tag leaves spec and status; stream and Image stay")
def tag(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1", "v2")
    repository.delete("v1").status_is(202)
    equal(project.history("v1"), [], "the history")
    expect(project.image_tag("v1") is None, "the istag exists")
    expect(project.image_tag("v2") and t.cluster.image(content.digest), "v2 or the Image is gone")
    repository.delete("v2").status_is(202)
    expect(project.stream(), "the stream is gone")


@test("E-1 a tag that the spec names is deleted from there too")
def spec_tag(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    project.tag_from(f"{project.name}/app@{content.digest}", "named")
    expect(any(tag["name"] == "named" for tag in project.stream()["spec"]["tags"]), "no spec tag to begin with")
    repository.delete("named").status_is(202)
    expect(not any(tag["name"] == "named" for tag in project.stream()["spec"].get("tags") or []), "the spec tag stays")
    repository.head("named").status_is(404)


@test("9.3 oc delete istag: the tag is 404 in the registry at once; its manifest stays by digest")
def image_stream_tag(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1", "v2")
    t.cluster.send("DELETE", f"{project.path}/imagestreamtags/app:v1").status_is(200)
    repository.head("v1").status_is(404)
    equal(repository.tag_names(), ["v2"], "the tags")
    t.cluster.send("DELETE", f"{project.path}/imagestreamtags/app:v2").status_is(200)
    repository.get(content.digest).status_is(200).body_is(content.data)


@test("9.3 oc delete is: everything is 404 NAME_UNKNOWN at once, and uploads are over")
def stream(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    place = repository.append(repository.start(), b"some").status_is(202).location()
    project.delete_stream()
    is_gone(repository, content.digest, *(digest_of(data) for data in content.blobs))
    t.client.send("GET", place)
    repository.client.send("GET", place).error(404, "BLOB_UPLOAD_UNKNOWN")
    repository.referrers(content.digest).status_is(200)


@test("E-7 a stream that is made again has none of what the old one had")
def stream_again(t):
    project = t.project()
    repository = project.repository()
    content, loose = repository.push(image(), "v1"), random_blob()
    by_digest = repository.push(image())
    repository.push_blob(loose)
    project.delete_stream()
    project.make_stream()
    repository.tags().status_is(200)
    equal(repository.tag_names(), [], "the tags")
    for digest in (content.digest, by_digest.digest):
        repository.get(digest).error(404, "MANIFEST_UNKNOWN")
    for data in (*content.blobs, loose):
        repository.blob(digest_of(data)).error(404, "BLOB_UNKNOWN")
    path = with_query("/blobs/uploads/", mount=digest_of(loose), **{"from": repository.name})
    project.repository("other").send("POST", path).status_is(202)
    repository.put("v1", content).error(400, "MANIFEST_BLOB_UNKNOWN")
    repository.push(content, "v1")
    repository.get("v1").status_is(200)


@test("E-7 a stream that a push makes again has none of what the old one had")
def stream_pushed_again(t):
    project = t.project()
    repository = project.repository()
    old = repository.push(image(), "v1")
    project.delete_stream()
    repository.push(image(), "v2")
    repository.get(old.digest).error(404, "MANIFEST_UNKNOWN")
    repository.blob(digest_of(old.layers[0])).error(404, "BLOB_UNKNOWN")
    equal(repository.tag_names(), ["v2"], "the tags")


@test("E-7 a namespace that is deleted and made again gives nothing of the old one away")
def namespace(t):
    project = t.project()
    repository = project.repository()
    content, loose = repository.push(image(), "v1"), repository.push_blob(random_blob())
    visitor = t.project().account("visitor").may_everywhere(PUSH, rule("create get", "imagestreams"))
    seen = visitor.repository("app", project.name)
    seen.get("v1").status_is(200)
    project.delete_and_wait()
    for answer in (seen.get("v1"), seen.tags(), seen.blob(loose)):
        answer.status_is(404, 403)
    t.cluster.make_namespace(project.name)
    again = Project(t.cluster, t.run, project.name)
    for digest in (content.digest, loose, *(digest_of(data) for data in content.blobs)):
        seen.blob(digest).error(404)
        seen.get(digest).error(404)
    again.make_stream()
    for digest in (loose, *(digest_of(data) for data in content.blobs)):
        seen.blob(digest).error(404, "BLOB_UNKNOWN")
    equal(seen.tag_names(), [], "the tags")


@test("B.1 E-7 blobs of a repository without a stream go with its namespace")
def pending(t):
    project = t.project()
    loose = project.repository().push_blob(random_blob())
    visitor = t.project().account("visitor").may_everywhere(PUSH, rule("create get", "imagestreams"))
    project.delete_and_wait()
    t.cluster.make_namespace(project.name)
    visitor.repository("app", project.name).blob(loose).error(404)


@test("E-3 who may delete layers deletes a manifest with all that names it in the stream")
def cascade(t):
    project = t.project()
    repository = project.repository()
    first, second = repository.push(image(), "v1", "past"), repository.push(image(), "past", "v2")
    deleter = project.account("deleter", PULL, DELETE_LAYERS).repository("app")
    deleter.delete(first.digest).status_is(202)
    equal(project.history("v1"), [], "v1")
    equal([event["image"] for event in project.history("past")], [second.digest], "the history of past")
    repository.get(first.digest).error(404, "MANIFEST_UNKNOWN")
    repository.get("past").status_is(200).body_is(second.data)


@test("E-3 a tag whose present image is deleted goes whole, with its history")
def cascade_present(t):
    project = t.project()
    repository = project.repository()
    repository.push(image(), "v1")
    new = repository.push(image(), "v1")
    project.account("deleter", PULL, DELETE_LAYERS).repository("app").delete(new.digest).status_is(202)
    equal(project.history("v1"), [], "the history")
    expect(project.image_tag("v1") is None, "the istag exists")


@test("E-3 a pruner is refused a manifest that the stream names: 405 with the reason")
def refuse(t):
    project = t.project()
    repository = project.repository()
    old, new = repository.push(image(), "v1"), repository.push(image(), "v1")
    parent = repository.push(index(), "multi")
    pruner = project.account("pruner", PULL).may_everywhere(DELETE_IMAGES).repository("app")
    named = {"the present": new, "the past": old, "an index": parent, "a child of it": parent.children[0]}
    for what, content in named.items():
        answer = pruner.delete(content.digest)
        expect(answer.status == 405, f"{what}: {answer}, expected 405")
        repository.get(content.digest).status_is(200)
    answer = pruner.delete(new.digest).error(405, "UNSUPPORTED")
    expect("v1" in answer.details(), f"{answer}: the tag is not named")
    equal(len(project.history("v1")), 2, "events")


@test("E-2 a pruner may delete a manifest that the stream does not name; a second time it is 404")
def refuse_not(t):
    project = t.project()
    content = project.repository().push(image())
    pruner = project.account("pruner", PULL).may_everywhere(DELETE_IMAGES).repository("app")
    pruner.delete(content.digest).status_is(202)
    pruner.delete(content.digest).error(404, "MANIFEST_UNKNOWN")
    project.repository().get(content.digest).error(404, "MANIFEST_UNKNOWN")


@test("E-5 a deleted blob is not seen through the stream, until a push of the image checks it again")
def blob(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    layer = digest_of(content.layers[0])
    repository.blob(layer, "DELETE").status_is(202)
    repository.blob(layer).error(404, "BLOB_UNKNOWN")
    other = t.project().repository()
    other.push_blob(content.layers[0])
    repository.blob(layer).error(404, "BLOB_UNKNOWN")
    repository.push(content, "v2")
    repository.blob(layer).status_is(200)


@test("B.3 oc tag across namespaces copies nothing, and the image can be pulled there and nowhere else")
def across(t):
    source, target, third = t.project(), t.project(), t.project()
    content = source.repository().push(index(), "v1")
    target.tag_from(f"{source.name}/app@{content.digest}", "live")
    reader = target.account("reader", PULL).repository("app")
    eventually(lambda: reader.head("live").status == 200, "the tag is there", 10)
    reader.get("live").status_is(200).body_is(content.data)
    blobs = [digest_of(data) for child in content.children for data in child.blobs]
    for child in content.children:
        reader.get(child.digest).status_is(200).body_is(child.data)
    for digest in blobs:
        reader.blob(digest).status_is(200)
        third.repository().blob(digest).error(404)
    third.repository().get(content.digest).error(404)
    source.delete_stream()
    reader.get("live").status_is(200).body_is(content.data)
    for digest in blobs:
        reader.blob(digest).status_is(200)
    source.repository().get("v1").error(404, "NAME_UNKNOWN")


@test("V-5 an image that was tagged across is not readable any more when that tag is deleted")
def across_deleted(t):
    source, target = t.project(), t.project()
    content = source.repository().push(image(), "v1")
    target.tag_from(f"{source.name}/app@{content.digest}", "live")
    repository = target.repository()
    repository.blob(digest_of(content.layers[0])).status_is(200)
    target.delete_stream()
    repository.blob(digest_of(content.layers[0])).error(404)
    repository.get(content.digest).error(404)


@test("9.3 oc tag within a stream names the image at once")
def within(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    project.tag_from(f"{project.name}/app@{content.digest}", "prod")
    repository.get("prod").status_is(200).body_is(content.data)
    equal(repository.tag_names(), ["prod", "v1"], "the tags")
    item_of(project.history("prod"), 0, content.digest)


@test("E-8 deletes of what is gone are 404, as pruning expects")
def pruning_again(t):
    project = t.project()
    project.repository().push(image(), "v1")
    pruner = project.account("pruner", PULL).may_everywhere(DELETE_IMAGES).repository("app")
    pruner.blob(ABSENT["sha256"], "DELETE").error(404, "BLOB_UNKNOWN")
    pruner.delete(ABSENT["sha256"]).error(404, "MANIFEST_UNKNOWN")
