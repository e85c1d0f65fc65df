"""What a manifest must and may look like, and what it may refer to (P-4 to P-7)."""
import base64
import json

from lib.answer import expect
from lib.content import (
    ABSENT, DOCKER_MANIFEST, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Content, artifact, descriptor, digest_of, image, index,
    random_blob)
from lib.register import group

test = group("structure of manifests")
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"


def without(document, member):
    return {name: value for name, value in document.items() if name != member}


def with_layer(document, **members):
    layer = {name: value for name, value in {**document["layers"][0], **members}.items() if value is not ...}
    return {**document, "layers": [layer]}


BROKEN = {
    "no JSON": lambda d: b"not json",
    "nothing": lambda d: b"",
    "no object": lambda d: [d],
    "a string": lambda d: "manifest",
    "null": lambda d: None,
    "cut off": lambda d: json.dumps(d).encode()[:-5],
    "bytes that are no UTF-8": lambda d: json.dumps({**d, "x": "?"}).encode().replace(b'"?"', b'"\xff\xfe"'),
    "something behind the object": lambda d: json.dumps(d).encode() + b"{}",
    "schemaVersion 1": lambda d: {**d, "schemaVersion": 1},
    "schemaVersion 3": lambda d: {**d, "schemaVersion": 3},
    "schemaVersion as text": lambda d: {**d, "schemaVersion": "2"},
    "no schemaVersion": lambda d: without(d, "schemaVersion"),
    "no config": lambda d: without(d, "config"),
    "config null": lambda d: {**d, "config": None},
    "config text": lambda d: {**d, "config": "x"},
    "layers an object": lambda d: {**d, "layers": {}},
    "a layer that is text": lambda d: {**d, "layers": ["x"]},
    "a layer without digest": lambda d: with_layer(d, digest=...),
    "a layer without size": lambda d: with_layer(d, size=...),
    "a layer of negative size": lambda d: with_layer(d, size=-1),
    "a layer whose size is text": lambda d: with_layer(d, size="512"),
    "a layer whose size is a fraction": lambda d: with_layer(d, size=1.5),
    "a layer with a wrong digest form": lambda d: with_layer(d, digest="sha256:abc"),
    "a layer whose digest is a number": lambda d: with_layer(d, digest=5),
    "an annotation that is a number": lambda d: {**d, "annotations": {"a": 1}},
    "annotations that are a list": lambda d: {**d, "annotations": ["a"]},
    "an annotation of a layer that is an object": lambda d: with_layer(d, annotations={"a": {}}),
    "manifests in an image": lambda d: {**d, "manifests": []},
    "a subject without digest": lambda d: {**d, "subject": {"mediaType": OCI_MANIFEST, "size": 5}},
    "a subject that is text": lambda d: {**d, "subject": ABSENT["sha256"]},
    "nesting of 200 levels": lambda d: {**d, "x": json.loads("[" * 200 + "]" * 200)},
}


@test.cases("P-4 an image with {what} is 400 MANIFEST_INVALID", [{"what": what} for what in BROKEN])
def broken(t, what):
    content = t.repo1.push(image(1))
    t.repo1.put("broken", BROKEN[what](content.document), content.kind).error(400, "MANIFEST_INVALID")


BROKEN_INDEXES = {
    "config": lambda d: {**d, "config": descriptor(b"{}", "application/vnd.oci.empty.v1+json")},
    "layers": lambda d: {**d, "layers": []},
    "fsLayers": lambda d: {**d, "fsLayers": []},
    "manifests as an object": lambda d: {**d, "manifests": {}},
    "an entry without digest": lambda d: {**d, "manifests": [{"mediaType": OCI_MANIFEST, "size": 1}]},
    "an entry of negative size": lambda d: {**d, "manifests": [{**d["manifests"][0], "size": -5}]},
}


@test.cases("P-4 an index with {what} is 400 MANIFEST_INVALID", [{"what": what} for what in BROKEN_INDEXES])
def broken_index(t, what):
    content = t.repo1.push(index())
    t.repo1.put("broken", BROKEN_INDEXES[what](content.document), content.kind).error(400, "MANIFEST_INVALID")


GOOD = {
    "unknown members everywhere": lambda d: {
        **d, "x": {"y": [1, None, True]}, "config": {**d["config"], "new": 1},
        "layers": [{**layer, "org.example": {}} for layer in d["layers"]]},
    "no layers": lambda d: {**d, "layers": []},
    "the same layer twice": lambda d: {**d, "layers": d["layers"] * 2},
    "nesting of 50 levels": lambda d: {**d, "x": json.loads("[" * 50 + "]" * 50)},
    "no media type": lambda d: without(d, "mediaType"),
    "an empty annotation": lambda d: {**d, "annotations": {"": "", "a": ""}},
    "urls of a layer": lambda d: with_layer(d, urls=["https://example.com/layer"]),
}


@test.cases("P-4 an image with {what} is taken and kept", [{"what": what} for what in GOOD])
def good(t, what):
    repository = t.repository()
    content = repository.push(image(1))
    data = json.dumps(GOOD[what](content.document)).encode()
    repository.put("v1", data, content.kind).status_is(201)
    repository.get("v1").status_is(200).body_is(data)


@test("P-4 an index without entries is taken")
def empty_index(t):
    content = index([])
    t.repo1.put("empty", content).status_is(201)
    t.repo1.get("empty").status_is(200).body_is(content.data)


@test("P-4 data of a descriptor is taken where it is the blob, and refused where it is not")
def data_member(t):
    repository = t.repository()
    content = repository.push(image(1))
    config = {**content.document["config"], "data": base64.b64encode(content.config).decode()}
    repository.put("v1", {**content.document, "config": config}, content.kind).status_is(201)
    for wrong in (content.config + b"x", content.config.replace(b"linux", b"minux")):
        config = {**content.document["config"], "data": base64.b64encode(wrong).decode()}
        repository.put("v2", {**content.document, "config": config}, content.kind).error(400, "MANIFEST_INVALID")


@test("P-5 every missing blob is one MANIFEST_BLOB_UNKNOWN with its digest in the details")
def missing_blobs(t):
    repository, content = t.repository(), image(3)
    repository.push_blob(content.config)
    repository.push_blob(content.layers[0])
    answer = repository.put("v1", content).error(400, "MANIFEST_BLOB_UNKNOWN", count=2)
    errors = answer.errors()
    expect({error["code"] for error in errors} == {"MANIFEST_BLOB_UNKNOWN"}, f"{answer}: other codes too")
    for data in content.layers[1:]:
        expect(sum(digest_of(data) in json.dumps(error.get("detail")) for error in errors) == 1, f"{answer}: details")
    repository.head("v1").status_is(404)


@test("P-5 a missing config is MANIFEST_BLOB_UNKNOWN")
def missing_config(t):
    repository, content = t.repository(), image(1)
    repository.push_blob(content.layers[0])
    repository.put("v1", content).error(400, "MANIFEST_BLOB_UNKNOWN", count=1)


@test("P-5 a blob that only another repository has is missing")
def foreign_blobs(t):
    content = image()
    t.repo2.push(content)
    t.repository().put("v1", content).error(400, "MANIFEST_BLOB_UNKNOWN", count=3)


@test("P-5 a size that is not the blob's is 400 MANIFEST_INVALID with both in the details")
def wrong_size(t):
    repository = t.repository()
    content = repository.push(image(1))
    answer = repository.put("v2", with_layer(content.document, size=513), content.kind).error(400, "MANIFEST_INVALID")
    expect("512" in answer.details() and "513" in answer.details(), f"{answer}: the sizes are not in the details")


@test.cases("P-5 layers of {kind}, which may not be distributed, need not be there", [
    {"kind": kind} for kind in (NONDISTRIBUTABLE, NONDISTRIBUTABLE + "+gzip", NONDISTRIBUTABLE + "+zstd")])
def nondistributable(t, kind):
    repository, content = t.repository(), image(0)
    repository.push_blob(content.config)
    for more in ({"urls": ["https://store.example.com/layer"]}, {}):
        document = {**content.document, "layers": [descriptor(random_blob(), kind, **more)]}
        repository.put("v1", document).status_is(201)


@test("P-5 Docker's foreign layers need not be there, but must say where they are")
def foreign(t):
    repository, content = t.repository(), image(0, docker=True)
    repository.push_blob(content.config)
    layer = descriptor(random_blob(), FOREIGN)
    repository.put("v1", {**content.document, "layers": [layer]}, DOCKER_MANIFEST).error(400)
    layer["urls"] = ["https://store.example.com/layer"]
    repository.put("v1", {**content.document, "layers": [layer]}, DOCKER_MANIFEST).status_is(201)


@test("P-5 an ordinary Docker layer must not have urls")
def unexpected_urls(t):
    repository = t.repository()
    content = repository.push(image(1, docker=True))
    document = with_layer(content.document, urls=["https://example.com/layer"])
    repository.put("v1", document, DOCKER_MANIFEST).error(400)


@test.cases("P-5 the address {url} of a layer is refused", [
    {"url": url} for url in ("ftp://example.com/x", "file:///etc/passwd", "https://example.com/x#part", "javascript:x")])
def bad_url(t, url):
    repository, content = t.repository(), image(0)
    repository.push_blob(content.config)
    layer = descriptor(random_blob(), NONDISTRIBUTABLE, urls=[url])
    repository.put("v1", {**content.document, "layers": [layer]}, OCI_MANIFEST).error(400)


@test("P-6 an index may name children that are not there")
def sparse_index(t):
    repository = t.repository()
    there, missing = repository.push(image()), image(architecture="s390x")
    content = index([there, missing])
    repository.put("v1", content).status_is(201)
    repository.get("v1").status_is(200).body_is(content.data)
    repository.get(missing.digest).error(404, "MANIFEST_UNKNOWN")


@test("P-6 an index may name layers, as BuildKit's caches do, and they stay readable")
def layers_in_index(t):
    repository = t.repository()
    layer, config = random_blob(), b'{"layers":[]}'
    entries = [descriptor(layer, OCI_LAYER), descriptor(config, "application/vnd.buildkit.cacheconfig.v0")]
    for data in (layer, config):
        repository.push_blob(data)
    repository.put("cache", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, OCI_INDEX).status_is(201)
    for data in (layer, config):
        repository.blob(digest_of(data)).status_is(200).body_is(data)


@test("P-7 a subject need not exist; the answer names it")
def subject(t):
    repository, missing = t.repository(), image()
    content = artifact(missing)
    for data in content.blobs:
        repository.push_blob(data)
    for reference in (content.digest, "signature"):
        repository.put(reference, content).status_is(201).header("OCI-Subject", missing.digest)
    plain = repository.push(artifact())
    repository.put(plain.digest, plain).status_is(201).header("OCI-Subject", None)


@test("P-7 an index may have a subject")
def subject_of_index(t):
    repository = t.repository()
    child, target = repository.push(image()), repository.push(image())
    content = index([child], subject=target.descriptor())
    repository.put("i", content).status_is(201).header("OCI-Subject", target.digest)


@test("2.4 a config that is no image's breaks nothing")
def any_config(t):
    repository = t.repository()
    for config in (b"", b"{}", b"[]", b"null", b'"text"', b"\x00\xff" * 500, b'{"rootfs":7,"config":[]}', b"[" * 5000):
        content = image(1, config=config)
        repository.push(content, "v1")
        repository.get("v1").status_is(200).body_is(content.data)


@test("4.3 a large config is stored")
def large_config(t):
    repository = t.repository()
    content = Content({**image(0).document, "config": descriptor(big := b" " * (12 << 20) + b"{}", OCI_MANIFEST)},
                      OCI_MANIFEST, [big], config=big)
    repository.push(content, "v1")
    repository.blob(digest_of(big)).status_is(200)
