"""What a push makes of a stream (3.5)."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

from lib.answer import equal, expect
from lib.content import OCI_INDEX, artifact, digest_of, image, index, random_blob
from lib.project import CREATE, PULL, PUSH, item_of
from lib.register import group

test = group("pushing", "api")
# After all others, whom it may hold up.
slow = group("pushing-slow", "api", last=True)
MANAGED = "openshift.io/image.managed"
STORED = "image.openshift.io/manifestBlobStored"
ORDER = "image.openshift.io/dockerLayersOrder"


def annotations(item):
    return item["metadata"].get("annotations") or {}


@test("9.3 a push by tag makes the stream, the tag event, the istag and the Image, all there with the answer")
def whole(t):
    project = t.project()
    expect(project.stream() is None, "the stream exists already")
    content = project.repository().push(image(3), "v1")
    stream = project.stream()
    events = project.history("v1")
    equal(len(events), 1, "events")
    event = item_of(events, 0, content.digest)
    repository = stream["status"]["dockerImageRepository"]
    expect(repository.endswith(f"/{project.name}/app"), f"dockerImageRepository {repository}")
    equal(event["dockerImageReference"], f"{repository}@{content.digest}", "the event's reference")
    expect(event["created"] and event["generation"] >= 1, f"{event}")
    expect(not stream["spec"].get("tags"), f"spec.tags {stream['spec'].get('tags')}")
    tag = project.image_tag("v1")
    equal(tag["image"]["metadata"]["name"], content.digest, "the istag's image")


@test("3.5.2 the Image of a push has its layers, its config's facts, and no manifest")
def image_object(t):
    project = t.project()
    content = project.repository().push(image(3), "v1")
    item, document = t.cluster.image(content.digest), content.document
    equal({name: annotations(item).get(name) for name in (MANAGED, STORED, ORDER)},
          {MANAGED: "true", STORED: "true", ORDER: "ascending"}, "annotations")
    expect(item["dockerImageReference"].endswith(f"/{project.name}/app@{content.digest}"), item["dockerImageReference"])
    equal(item["dockerImageManifestMediaType"], content.kind, "the media type")
    equal([(layer["name"], layer["size"], layer["mediaType"]) for layer in item["dockerImageLayers"]],
          [(layer["digest"], layer["size"], layer["mediaType"]) for layer in document["layers"]], "the layers")
    expect(not item.get("dockerImageManifest") and not item.get("dockerImageConfig"), "the manifest is kept in the Image")
    facts = item["dockerImageMetadata"]
    equal(facts["Id"], document["config"]["digest"], "Id")
    equal(facts["Size"], len(content.config) + sum(layer["size"] for layer in document["layers"]), "Size")
    equal((facts.get("Architecture"), facts.get("Created")), ("amd64", "2026-01-02T03:04:05Z"), "Architecture, Created")
    equal(facts["Config"]["Cmd"], ["/run"], "Config.Cmd")
    equal(item.get("dockerImageMetadataVersion"), "1.0", "the version")


@test("3.5.2 the size counts a layer that occurs twice once")
def doubled_layer(t):
    project = t.project()
    data = random_blob(1000)
    content = project.repository().push(image([data, data]), "v1")
    equal(t.cluster.image(content.digest)["dockerImageMetadata"]["Size"], len(content.config) + 1000, "Size")


@test("3.2 the layers document has the images of a push, and their blobs")
def layers_document(t):
    project = t.project()
    content = project.repository().push(image(2), "v1")
    document = project.layers()
    entry = document["images"][content.digest]
    equal(entry["layers"], [digest_of(data) for data in content.layers], "layers")
    equal(entry["config"], digest_of(content.config), "config")
    equal(document["blobs"][digest_of(content.layers[0])]["size"], len(content.layers[0]), "a layer's size")


@test("3.5.2 the Image of an index lists its images with their platforms")
def index_object(t):
    project = t.project()
    content = project.repository().push(index(), "v1")
    item = t.cluster.image(content.digest)
    equal(item["dockerImageManifestMediaType"], OCI_INDEX, "the media type")
    expect(not item.get("dockerImageLayers"), "layers")
    equal(sorted((m["digest"], m["architecture"], m["os"], m["manifestSize"]) for m in item["dockerImageManifests"]),
          sorted((child.digest, json.loads(child.config)["architecture"], "linux", len(child.data))
                 for child in content.children), "its manifests")
    document = project.layers()
    equal(sorted(document["images"][content.digest]["manifests"]), sorted(c.digest for c in content.children), "children")
    for child in content.children:
        expect(t.cluster.image(child.digest), f"no Image of the child {child.digest}")
        equal(document["images"][child.digest]["config"], digest_of(child.config), "a child's config")


@test("3.5.2 the Image of an artifact has its size and its type, and nothing read from its config")
def artifact_object(t):
    project = t.project()
    config = b"\x00 not JSON"
    content = project.repository().push(artifact(config=config, config_type="application/vnd.example.config",
                                                 artifact_type="application/vnd.example.chart"), "v1")
    item = t.cluster.image(content.digest)
    equal(annotations(item).get("image.openshift.io/artifactType"), "application/vnd.example.chart", "artifactType")
    facts = item["dockerImageMetadata"]
    equal((facts["Id"], facts["Size"]), (digest_of(config), len(config) + 512), "Id, Size")
    expect(project.image_tag("v1"), "no istag")


@test("H-4 the Image of a push by sha512 has that name, and says what its sha256 is")
def long_digest(t):
    project = t.project()
    content = image(algorithm="sha512")
    repository = project.repository()
    repository.push(content, algorithm="sha512")
    repository.put(content.digest, content, tag=["big"]).status_is(201)
    item_of(project.history("big"), 0, content.digest)
    item = t.cluster.image(content.digest)
    equal(annotations(item).get("image.openshift.io/canonicalDigest"), digest_of(content.data), "canonicalDigest")


@test("P-11 a push of the same image adds no event")
def again(t):
    project = t.project()
    repository = project.repository()
    content = repository.push(image(), "v1")
    before = project.history("v1")
    for _ in range(3):
        repository.put("v1", content).status_is(201)
        repository.put(content.digest, content, tag=["v1"]).status_is(201)
    equal(project.history("v1"), before, "the events")


@test("N-13 a push of another image puts an event in front; every image of the history can be pulled")
def overwrite(t):
    project = t.project()
    repository = project.repository()
    contents = [repository.push(image(1), "v1") for _ in range(4)]
    events = project.history("v1")
    equal([event["image"] for event in events], [content.digest for content in reversed(contents)], "the history")
    for content in contents:
        repository.get(content.digest).status_is(200).body_is(content.data)
        repository.blob(digest_of(content.layers[0])).status_is(200)
    repository.put("v1", contents[0]).status_is(201)
    equal(len(project.history("v1")), 5, "events after going back")


@test("9.3 twenty pushes at once to twenty tags of one stream all succeed")
def parallel_tags(t):
    project = t.project()
    repository = project.repository()
    contents = {f"t{number:02}": image(1) for number in range(20)}
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda item: repository.push(item[1], item[0]), contents.items()))
    equal(repository.tag_names(), sorted(contents), "the tags")
    for tag, content in contents.items():
        item_of(project.history(tag), 0, content.digest)
        repository.get(tag).status_is(200).body_is(content.data)


@test("N-10 twelve pushes at once to one tag all succeed, and all are in its history")
def parallel_tag(t):
    project = t.project()
    repository = project.repository()
    contents = [repository.push(image(1)) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda content: repository.put("v1", content), contents))
    equal([answer.status for answer in answers], [201] * 12, "the answers")
    events = project.history("v1")
    equal(sorted(event["image"] for event in events), sorted(content.digest for content in contents), "the history")
    repository.head("v1").header("Docker-Content-Digest", events[0]["image"])


@test("N-11 eight first pushes at once to a new stream all succeed")
def parallel_first(t):
    project = t.project()
    repository = project.repository()
    contents = {f"t{number}": image(1) for number in range(8)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: repository.push(item[1], item[0]), contents.items()))
    equal(repository.tag_names(), sorted(contents), "the tags")


@test("3.5.4 a push by digest makes the stream and the Image, and no tag")
def by_digest(t):
    project = t.project()
    content = project.repository().push(image())
    stream = project.stream()
    expect(stream and not stream["status"].get("tags"), f"the stream is {stream}")
    equal(annotations(t.cluster.image(content.digest)).get(MANAGED), "true", "managed")
    project.repository().get(content.digest).status_is(200).body_is(content.data)


@test("P-9 the tags of one PUT are set by one update of the stream")
def tags_at_once(t):
    project = t.project()
    repository = project.repository()
    repository.push(image(0), "first")
    content = repository.push(image())
    before = project.stream()
    repository.put(content.digest, content, tag=["a", "b", "c"]).status_is(201)
    events = [item_of(project.history(tag), 0, content.digest) for tag in "abc"]
    equal({(event["created"], event["generation"]) for event in events}, {(events[0]["created"], events[0]["generation"])},
          "the events")
    expect(project.stream()["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"], "no update")


@test("N-11 who may push but not create streams gets 403, and no Image is left behind")
def may_not_create(t):
    project = t.project()
    account = project.account("dev", PUSH)
    repository, content = account.repository("app"), image(1)
    for data in content.blobs:
        repository.push_blob(data)
    repository.put("v1", content).error(403, "DENIED")
    expect(t.cluster.image(content.digest) is None, "the Image was made")
    expect(project.stream() is None, "the stream was made")
    repository.tags().error(404, "NAME_UNKNOWN")
    account.may(CREATE)
    repository.put("v1", content).status_is(201)


@test("B.1 blobs can be read in a repository before its stream exists")
def before_stream(t):
    project = t.project()
    repository = project.repository()
    data = random_blob()
    digest = repository.push_blob(data)
    repository.blob(digest, "HEAD").status_is(200).header("Content-Length", "512")
    expect(project.stream() is None, "an upload made the stream")
    repository.tags().error(404, "NAME_UNKNOWN")


@test("N-1 a push into a namespace that does not exist is 403 DENIED, as one that is not allowed")
def no_namespace(t):
    project = t.project()
    account = project.account("dev").may_everywhere(PUSH, CREATE)
    repository = account.repository("app", "no-such-namespace-" + project.name[4:])
    answer = repository.send("POST", "/blobs/uploads/")
    if answer.status == 202:
        answer = repository.put("v1", artifact())
        expect(answer.status == 403 or answer.error(400, "MANIFEST_BLOB_UNKNOWN"), str(answer))
    else:
        answer.error(403, "DENIED")


@test("N-13 a tag that the stream says is immutable is not moved, and says so; the same digest is 201")
def immutable(t):
    project = t.project()
    project.make_stream(annotations={"image.openshift.io/immutableTags": "^v.*"})
    repository = project.repository()
    content = repository.push(image(), "v1")
    other = repository.push(image(), "latest")
    answer = repository.put("v1", other).error(403, "DENIED")
    expect("immutable" in answer.details() and "v1" in answer.details(), str(answer))
    refused = image()
    for data in refused.blobs:
        repository.push_blob(data)
    repository.put("v1", refused).error(403, "DENIED")
    repository.put(refused.digest, refused, tag=["new", "v1"]).error(403, "DENIED")
    expect(t.cluster.image(refused.digest) is None, "the Image was made")
    repository.put("v1", content).status_is(201)
    repository.push(image(), "latest")
    item_of(project.history("v1"), 0, content.digest)


@test("P-12 a first push that is refused makes neither the stream nor the Image")
def refused_first(t):
    project = t.project()
    repository, content = project.repository("fresh"), image()
    for data in content.blobs:
        repository.push_blob(data)
    repository.put("v1", content, headers={"If-Match": f'"{content.digest}"'}).error(412, "DENIED")
    expect(t.cluster.image(content.digest) is None, "the Image was made")
    equal(t.cluster.send("GET", f"{project.path}/imagestreams/fresh").status, 404, "the stream")
    repository.tags().error(404, "NAME_UNKNOWN")


@slow("N-13 a pattern that is made to take long does not hold anybody up")
def slow_pattern(t):
    project = t.project()
    project.make_stream(annotations={"image.openshift.io/immutableTags": "(a+)+b"})
    repository, tag, content = project.repository(), "a" * 22, image(0)
    repository.push(image(0), tag)
    repository.push(content)
    start = time.monotonic()
    repository.put(tag, content).status_is(201, 403)
    expect(time.monotonic() - start < 5, f"it took {time.monotonic() - start:.0f} s")


@test("Y-1 a tag of the spec alone does not exist in the registry")
def spec_alone(t):
    project = t.project()
    t.cluster.create(f"{project.path}/imagestreams", {
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"name": "app"},
        "spec": {"tags": [{"name": "later", "reference": True, "from": {"kind": "DockerImage", "name": "x.example/y"}}]}})
    repository = project.repository()
    equal(repository.tags().status_is(200).json()["tags"], [], "tags")
    repository.get("later").error(404, "MANIFEST_UNKNOWN")


@test("2.4 a manifest of 3.9 MB does not make a large Image")
def large(t):
    project = t.project()
    content = image(**{"annotations": {f"a{n}": "x" * 10_000 for n in range(390)}})
    project.repository().push(content, "v1")
    size = len(t.cluster.send("GET", f"/apis/image.openshift.io/v1/images/{content.digest}").body)
    expect(size < 200_000, f"the Image has {size} bytes")


@test("N-9 labels beyond 256 KiB are cut in the Image, which says so")
def many_labels(t):
    project = t.project()
    document = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
                "config": {"Labels": {f"l{n}": "x" * 1000 for n in range(1000)}}}
    content = image(0, config=json.dumps(document).encode())
    project.repository().push(content, "v1")
    answer = t.cluster.send("GET", f"/apis/image.openshift.io/v1/images/{content.digest}").status_is(200)
    expect(len(answer.body) < 400_000, f"the Image has {len(answer.body)} bytes")
    expect(any("truncat" in name.lower() or "truncat" in value.lower() for name, value in annotations(answer.json()).items()),
           f"annotations: {annotations(answer.json())}")


@test("3.8 pushes with pull rights alone are refused before anything is stored")
def pull_only(t):
    project = t.project()
    project.repository().push(image(0), "v1")
    repository = project.account("dev", PULL).repository("app")
    content = image(0)
    repository.put("v1", content).error(403, "DENIED")
    expect(t.cluster.image(content.digest) is None, "the Image was made")
