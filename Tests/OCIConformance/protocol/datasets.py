"""The data sets of the OCI conformance program, each through its whole life (2.3)."""
import base64

from lib.answer import equal, expect
from lib.content import (
    EMPTY_JSON, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, Content, artifact, descriptor, digest_of, image, index, random_blob)
from lib.register import group

test = group("data sets")
EXAMPLE = "application/vnd.example+type"


def large_manifest():
    content = image(**{"annotations": {f"org.example.{n:03}": "x" * 10_000 for n in range(390)}})
    expect(3_800_000 < len(content.data) < 4 << 20, f"{len(content.data)} bytes")
    return [(content, ["large-manifest"])]


def with_data():
    content = image()
    document = content.document
    for place, data in zip([document["config"], *document["layers"]], content.blobs):
        place["data"] = base64.b64encode(data).decode()
    return [(Content(document, OCI_MANIFEST, content.blobs, config=content.config, layers=content.layers), ["data"])]


def nondistributable():
    content = image(0)
    kind = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    layers = [descriptor(random_blob(), kind + end, urls=["https://store.example.com/blob"]) for end in ("", "+gzip")]
    return [(Content({**content.document, "layers": layers}, OCI_MANIFEST, content.blobs), ["non-distributable"])]


def custom_fields():
    content = image(config=b'{"architecture":"amd64","os":"linux","org.example.config":"hello","rootfs":{"type":"layers"}}')
    child = Content({**content.document, "org.example.manifest": "hello"}, OCI_MANIFEST, content.blobs)
    parent = Content({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child.descriptor()],
                      "org.example.index": ["hello"]}, OCI_INDEX, children=[child])
    return [(parent, ["custom"])]


def subjects():
    subject = image()
    referrers = [artifact(subject, artifact_type=None, config_type="application/vnd.example.config"),
                 artifact(subject, artifact_type=EXAMPLE + ".v1", annotations={"org.example": "1"}),
                 artifact(subject, artifact_type=EXAMPLE + ".v2", annotations={"org.example": "2", "more": "x"})]
    return [(subject, ["subject"]), *((content, []) for content in referrers)]


def index_subjects():
    subject = index()
    return [(subject, ["index-subject"]), (index([artifact()], subject=subject.descriptor(), artifactType=EXAMPLE), []),
            (artifact(subject, artifact_type=EXAMPLE), [])]


SETS = {
    "image": lambda: [(image(), ["image"])],
    "image-uncompressed": lambda: [(Content({**(c := image()).document, "layers": [
        {**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar"} for layer in c.document["layers"]]},
        OCI_MANIFEST, c.blobs), ["plain"])],
    "large-manifest": large_manifest,
    "index": lambda: [(index(), ["index"])],
    "nested-index": lambda: [(index([index(), image()]), ["nested"])],
    "empty-index": lambda: [(index([]), ["index"])],
    "artifact": lambda: [(artifact(), ["artifact"])],
    "artifact-index": lambda: [(index([artifact(), artifact()], artifactType=EXAMPLE), ["artifact-index"])],
    "artifact-without-layers": lambda: [(artifact(layers=[EMPTY_JSON], config_type=OCI_EMPTY), ["no-content"])],
    "artifacts-with-subject": subjects,
    "index-with-subject": index_subjects,
    "missing-subject": lambda: [(artifact(image()), ["missing-subject"])],
    "data-field": with_data,
    "non-distributable-layers": nondistributable,
    "custom-fields": custom_fields,
    "no-layers": lambda: [(image(0), ["no-layers"])],
    "docker": lambda: [(index(docker=True), ["docker"])],
    "sha512": lambda: [(index(algorithm="sha512"), [])],
    "sha512-tagged": lambda: [(index(algorithm="sha512"), ["long-1", "long-2"])],
}


def everything(contents):
    """Each content and what it needs, children first."""
    found = []
    for content in contents:
        found += [*everything(content.children), content]
    return found


@test.cases("2.3 the data set {name} is pushed, listed, read, referred to and deleted", [{"name": name} for name in SETS])
def life(t, name):
    repository, data_set = t.repository(), SETS[name]()
    manifests = everything([content for content, _ in data_set])
    for content in manifests:
        for data in content.blobs:
            repository.push_blob(data, content.algorithm)
        put(t, repository, content, content.digest)
    for content, tags in data_set:
        if content.algorithm == "sha256":
            for tag in tags:
                put(t, repository, content, tag)
        elif tags:
            repository.put(content.digest, content, tag=tags).status_is(201)
    names = sorted(tag for _, tags in data_set for tag in tags)
    equal(repository.tags().status_is(200).json()["tags"], names, "the tags")
    if names:
        equal(repository.tags(last=names[0]).status_is(200).json()["tags"], names[1:], "the tags after the first")
    for content, tags in [*data_set, *((content, []) for content in manifests)]:
        for reference in [*tags, content.digest]:
            read(repository, content, reference)
        for data in content.blobs:
            repository.blob(digest_of(data, content.algorithm)).status_is(200).body_is(data)
    refer(repository, manifests)
    for tag in names:
        repository.delete(tag).status_is(202)
        repository.head(tag).status_is(404)
    for content in reversed(manifests):
        repository.delete(content.digest).status_is(202)
        repository.head(content.digest).status_is(404)
    for content in manifests:
        for data in {digest_of(data, content.algorithm): data for data in content.blobs}.values():
            digest = digest_of(data, content.algorithm)
            repository.blob(digest, "DELETE").status_is(202, 404)
            repository.blob(digest, "HEAD").status_is(404)


def put(t, repository, content, reference):
    answer = repository.put(reference, content).status_is(201).header("Docker-Content-Digest", content.digest)
    subject = content.document.get("subject")
    answer.header("OCI-Subject", subject["digest"] if subject else None)
    there = t.client.send("GET", answer.location(), headers=[("Accept", content.kind)]).status_is(200)
    there.body_is(content.data).header("Content-Type", content.kind).header("Content-Length", str(len(content.data)))


def read(repository, content, reference):
    for answer in (repository.head(reference).body_is(b""), repository.get(reference).body_is(content.data)):
        answer.status_is(200).header("Content-Type", content.kind).header("Docker-Content-Digest", content.digest)
        answer.header("Content-Length", str(len(content.data)))


def refer(repository, manifests):
    """Every manifest with a subject is in its subject's list, and in that of its own type."""
    for content in manifests:
        document = content.document
        if "subject" not in document:
            continue
        kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
        for query in ({}, {"artifactType": kind}):
            answer = repository.referrers(document["subject"]["digest"], **query).status_is(200)
            answer.header("Content-Type", OCI_INDEX).header("OCI-Filters-Applied", "artifactType" if query else None)
            items = answer.json()["manifests"]
            found = [item for item in items if item["digest"] == content.digest]
            wanted = {"mediaType": content.kind, "digest": content.digest, "size": len(content.data),
                      "artifactType": kind, "annotations": document.get("annotations")}
            equal(found, [{key: value for key, value in wanted.items() if value is not None}], "the entry")
            expect(not query or all(item.get("artifactType") == kind for item in items), f"{answer}: other types")


@test("2.3 sparse: an image without one of its layers is refused, an index without one of its children is taken")
def sparse(t):
    repository = t.repository()
    content = image()
    for data in content.blobs[:-1]:
        repository.push_blob(data)
    repository.put(content.digest, content).error(400, "MANIFEST_BLOB_UNKNOWN")
    repository.push_blob(content.blobs[-1])
    repository.put(content.digest, content).status_is(201)
    parent = index([content, image()])
    repository.put("sparse", parent).status_is(201)
    repository.get("sparse").status_is(200).body_is(parent.data)


@test("2.3 empty: referrers of a repository that does not exist are an empty index, its tags 404 or a list")
def empty(t):
    repository = t.repository()
    equal(repository.referrers(digest_of(random_blob())).status_is(200).json()["manifests"], [], "referrers")
    repository.tags().status_is(200, 404)


@test.cases("2.3 missing-manifest: by {what} 404", [{"what": "tag"}, {"what": "digest"}])
def missing(t, what):
    t.repo1.get("missing-manifest" if what == "tag" else digest_of(random_blob())).error(404)
