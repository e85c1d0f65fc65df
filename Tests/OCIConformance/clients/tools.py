"""The sequences of tools for artifacts and copies: oras, helm, notation, cosign, crane, kaniko, oc (6.5–6.11)."""
import base64
import json

from lib.answer import equal, expect
from lib.content import (
    ABSENT, DOCKER_MANIFEST, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Content, artifact, descriptor, digest_of, image, index,
    random_blob)
from lib.register import group
from lib.repository import with_query

test = group("tools")
HELM_CONFIG, HELM_CHART = "application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
HELM_PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def oras_push(repository, data):
    """POST exactly 202, PUT exactly 201, all digests right."""
    digest = digest_of(data)
    repository.blob(digest, "HEAD").status_is(404, 200)
    place = repository.send("POST", "/blobs/uploads/", b"").status_is(202).location()
    repository.finish(place, digest, data).status_is(201).header("Docker-Content-Digest", digest)


def document_of(config, config_type, layers, **members):
    return {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, config_type),
            "layers": [descriptor(data, kind, annotations=notes or {}) for data, kind, notes in layers], **members}


@test("6.7 oras push and pull: whole PUTs, HEAD and GET with equal types, seeking in blobs")
def oras(t):
    repository, content = t.repository(), artifact(artifact_type="application/vnd.example.readme")
    for data in content.blobs:
        oras_push(repository, data)
    repository.put("v1", content).status_is(201).header("Docker-Content-Digest", content.digest)
    head = repository.head("v1").status_is(200)
    repository.get(head.get("Docker-Content-Digest")).status_is(200).header("Content-Type", head.get("Content-Type"))
    layer = content.layers[0]
    repository.blob(digest_of(layer), "HEAD").status_is(200).header("Accept-Ranges", "bytes")
    repository.blob(digest_of(layer), headers={"Range": "bytes=100-200"}).status_is(206).body_is(layer[100:201])


@test("6.7 oras attach and discover: the probe with zeros, OCI-Subject, the filtered list, no fallback tag")
def oras_attach(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    repository.referrers(ABSENT["sha256"]).status_is(200).header("Content-Type", OCI_INDEX)
    content = artifact(subject, artifact_type="application/spdx+json")
    for data in content.blobs:
        oras_push(repository, data)
    repository.put(content.digest, content).status_is(201).header("OCI-Subject", subject.digest)
    answer = repository.referrers(subject.digest, artifactType="application/spdx+json", n=100).status_is(200)
    answer.header("Content-Type", OCI_INDEX).header("OCI-Filters-Applied", "artifactType")
    equal([item["digest"] for item in answer.json()["manifests"]], [content.digest], "referrers")
    equal(repository.tag_names(), ["v1"], "the tags")


@test("6.7 oras delete: the digest in the answer is the one that was asked for")
def oras_delete(t):
    repository = t.repository()
    content = repository.push(artifact(), "v1")
    answer = repository.delete(content.digest).status_is(202)
    expect(answer.get("Docker-Content-Digest", content.digest) == content.digest, f"{answer}: another digest")


@test("6.7 oras cp -r: an index with its images and all their referrers")
def oras_copy(t):
    source, target = t.repository(), t.repository()
    content = source.push(index(), "v1")
    notes = [source.push(artifact(item)) for item in (content, *content.children)]
    for item in (*content.children, content, *notes):
        for data in item.blobs:
            oras_push(target, source.blob(digest_of(data)).status_is(200).body)
        target.put(item.digest, source.get(item.digest).status_is(200).body, item.kind).status_is(201)
    target.put("v1", content).status_is(201)
    for item, note in zip((content, *content.children), notes):
        equal(target.referrer_digests(item.digest), [note.digest], "referrers")


@test("6.7 helm push and pull: config, chart and provenance; the version's + is an underscore")
def helm(t):
    repository = t.repository()
    config = json.dumps({"name": "mychart", "version": "1.0.0+build", "apiVersion": "v2"}).encode()
    chart, provenance = random_blob(2000), b"-----BEGIN PGP SIGNED MESSAGE-----" + random_blob(10)
    for data in (chart, config, provenance):
        oras_push(repository, data)
    document = document_of(config, HELM_CONFIG, [(chart, HELM_CHART, None), (provenance, HELM_PROVENANCE, None)],
                           annotations={"org.opencontainers.image.title": "mychart"})
    digest = repository.put("1.0.0_build", document).status_is(201).get("Docker-Content-Digest")
    equal(repository.tag_names(), ["1.0.0_build"], "the tags")
    found = repository.get("1.0.0_build", [("Accept", f"{OCI_MANIFEST}, {OCI_INDEX}")]).status_is(200)
    equal(found.get("Docker-Content-Digest"), digest, "the digest")
    for layer, data in zip(found.json()["layers"], (chart, provenance)):
        repository.blob(layer["digest"]).status_is(200).body_is(data)


@test("6.7 notation sign and list: a signature of an image is its referrer")
def notation(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    envelope, config = random_blob(500), b"{}"
    for data in (envelope, config):
        oras_push(repository, data)
    document = document_of(config, "application/vnd.cncf.notary.signature", [(envelope, "application/jose+json", None)],
                           subject=subject.descriptor(), annotations={"io.cncf.notary.x509chain.thumbprint#S256": "[]"})
    digest = digest_of(json.dumps(document).encode())
    repository.put(digest, document).status_is(201).header("OCI-Subject", subject.digest)
    found = repository.referrers(subject.digest, artifactType="application/vnd.cncf.notary.signature").json()["manifests"]
    equal([item["digest"] for item in found], [digest], "signatures")
    signed = repository.get(digest).status_is(200).json()
    repository.blob(signed["layers"][0]["digest"]).status_is(200).body_is(envelope)


def signature_layer(subject):
    payload = json.dumps({"critical": {"image": {"docker-manifest-digest": subject.digest}, "type": "cosign"},
                          "optional": {"n": random_blob(4).hex()}}).encode()
    notes = {"dev.cosignproject.cosign/signature": base64.b64encode(random_blob(70)).decode()}
    return payload, SIMPLE_SIGNING, notes


@test("6.8 cosign sign by tag, and sign again: read, change, write")
def cosign_tag(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    digest = repository.head("v1").status_is(200).get("Docker-Content-Digest")
    tag = digest.replace(":", "-") + ".sig"
    repository.get(tag).error(404, "MANIFEST_UNKNOWN")
    layers = []
    for count in (1, 2):
        layers.append(signature_layer(subject))
        config = json.dumps({"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": []}, "n": count}).encode()
        for data in (config, layers[-1][0]):
            oras_push(repository, data)
        document = document_of(config, "application/vnd.oci.image.config.v1+json", layers)
        repository.put(tag, document).status_is(201)
        found = repository.get(tag).status_is(200).json()
        equal(len(found["layers"]), count, "signatures")
    for payload, _, _ in layers:
        repository.blob(digest_of(payload)).status_is(200).body_is(payload)


@test("P-12 cosign's read and write made safe: of two signers at once the second learns of the first")
def cosign_race(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    tag = subject.digest.replace(":", "-") + ".sig"
    first, second, third = (repository.push(artifact()) for _ in range(3))
    repository.put(tag, first, headers={"If-None-Match": "*"}).status_is(201)
    repository.put(tag, second, headers={"If-None-Match": "*"}).error(412)
    seen = repository.head(tag).get("ETag")
    repository.put(tag, second, headers={"If-Match": seen}).status_is(201)
    repository.put(tag, third, headers={"If-Match": seen}).error(412)


@test("6.8 cosign attest and sbom: the tags of a subject exist side by side")
def cosign_tags(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    names = [subject.digest.replace(":", "-") + end for end in ("", ".att", ".sbom", ".sig")]
    for name in names:
        repository.push(artifact() if name.count(".") else index([]), name)
    equal(repository.tag_names(), sorted([*names, "v1"]), "the tags")


@test("6.8 cosign 3: a bundle as referrer, found again by its type")
def cosign_referrer(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    content = artifact(subject, artifact_type=BUNDLE, annotations={
        "dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1"})
    for data in content.blobs:
        oras_push(repository, data)
    repository.put(content.digest, content).status_is(201).header("OCI-Subject", subject.digest)
    found = repository.referrers(subject.digest).status_is(200).json()["manifests"]
    equal([(item["artifactType"], item["annotations"]["dev.sigstore.bundle.content"]) for item in found],
          [(BUNDLE, "dsse-envelope")], "the bundle")


@test("6.5 crane push: POST with a type and no body, PATCH of the whole, PUT, manifest; referrers after a subject")
def crane(t):
    repository, content = t.repository(), image(2)
    for data in content.blobs:
        digest = digest_of(data)
        repository.blob(digest, "HEAD").status_is(404)
        query = {"mount": digest, "from": f"{t.namespace}/none", "origin": "registry.example"}
        repository.send("POST", with_query("/blobs/uploads/", **query), b"", {"Content-Type": "application/json"}).status_is(202)
        headers = {"Content-Type": "application/json", "Content-Length": "0"}
        place = repository.send("POST", "/blobs/uploads/", b"", headers).status_is(202).location()
        place = t.client.send("PATCH", place, data, {"X-Plain": "1"}).status_is(202).location()
        t.client.send("PUT", with_query(place, digest=digest), b"", {"X-Plain": "1"}).status_is(201)
    repository.put("v1", content).status_is(200, 201, 202)
    note = artifact(content)
    repository.push(note)
    repository.referrers(content.digest).status_is(200)


@test("6.5 crane tag and delete: GET and PUT of the same bytes; DELETE as it was named")
def crane_tag(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    found = repository.get("v1").status_is(200)
    repository.put("v2", found.body, found.get("Content-Type")).status_is(201)
    repository.delete("v1").status_is(202)
    repository.get("v2").status_is(200).body_is(content.data)


@test("6.5 kaniko asks whether it may push by an upload that it abandons")
def kaniko(t):
    repository = t.repository()
    place = repository.start()
    t.client.send("DELETE", place).status_is(204)
    for _ in range(20):
        repository.start()


@test("6.6 BuildKit's cache as an index of layers: written again and again, its blobs readable")
def buildkit_cache(t):
    repository = t.repository()
    for _ in range(3):
        layer, config = random_blob(800), b'{"layers":[{"blob":"x"}],"n":"' + random_blob(4).hex().encode() + b'"}'
        for data in (layer, config):
            oras_push(repository, data)
        entries = [descriptor(layer, OCI_LAYER, annotations={"containerd.io/uncompressed": digest_of(layer)}),
                   descriptor(config, "application/vnd.buildkit.cacheconfig.v0")]
        content = Content({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, OCI_INDEX)
        repository.put("buildcache", content).status_is(201)
        repository.get("buildcache").status_is(200).body_is(content.data)
        for data in (layer, config):
            repository.blob(digest_of(data)).status_is(200).body_is(data)


@test("6.6 BuildKit's cache as an image; a blob of it that is missing is 404")
def buildkit_image_cache(t):
    repository = t.repository()
    layer, config = random_blob(800), b'{"layers":[]}'
    for data in (layer, config):
        oras_push(repository, data)
    repository.put("cache", document_of(config, "application/vnd.buildkit.cacheconfig.v0", [(layer, OCI_LAYER, None)])) \
        .status_is(201)
    repository.blob(digest_of(random_blob())).error(404, "BLOB_UNKNOWN")


@test("6.9 oc image mirror: small blobs by a chunk, mounts from all sources, children by digest, the list by tag")
def oc_mirror(t):
    source, target = t.repository(), t.repository()
    content = source.push(index(docker=True), "v1")
    for child in content.children:
        target.get(child.digest).error(404)
        for number, data in enumerate(child.blobs):
            digest = digest_of(data)
            target.blob(digest, "HEAD").status_is(404)
            if number:
                query = {"mount": digest, "from": source.name}
                target.send("POST", with_query("/blobs/uploads/", **query), b"").status_is(201)
            else:
                place = target.append(target.start(), data, 0).status_is(202).location()
                target.finish(place, digest).status_is(201)
        target.put(child.digest, child).status_is(201)
    target.put("v1", content).status_is(201)
    target.get("v1").status_is(200).body_is(content.data)


@test("6.9 oc image mirror --filter-by-os --keep-manifest-list: a list without some of its images")
def oc_mirror_filtered(t):
    target, content = t.repository(), index(docker=True)
    target.push(content.children[0])
    target.put("v1", content).status_is(201)
    target.get("v1").status_is(200).body_is(content.data)


@test("6.9 oc image append: base layers mounted, one more layer, schema 2 by tag")
def oc_append(t):
    base, target = t.repository(), t.repository()
    content = base.push(image(2, docker=True), "base")
    for data in content.layers:
        query = {"mount": digest_of(data), "from": base.name}
        target.send("POST", with_query("/blobs/uploads/", **query), b"").status_is(201)
    appended = image([*content.layers, random_blob(900)], docker=True)
    for data in (appended.layers[-1], appended.config):
        target.push_blob(data)
    target.put("v1", appended).status_is(201)
    target.head("v1", [("Accept", DOCKER_MANIFEST)]).status_is(200).header("Docker-Content-Digest", appended.digest)


@test("6.11 a lazy puller reads the end of a layer first, then small parts of it")
def lazy(t):
    data = random_blob(500_000)
    digest, size = t.repo1.push_blob(data), len(data)
    footer = f"bytes={size - 51}-{size - 1}"
    t.repo1.blob(digest, headers={"Range": footer}).status_is(206).body_is(data[-51:])
    for first in range(0, size, 50_000):
        t.repo1.blob(digest, headers={"Range": f"bytes={first}-{first + 999}"}).status_is(206).body_is(data[first:first + 1000])


@test("6.11 an updater asks for every tag with n=10000 and for each tag's digest; unchanged is 304")
def updater(t):
    repository = t.repository()
    content = repository.push(image(), "a", "b", "c")
    equal(repository.tags(n=10_000).status_is(200).json()["tags"], ["a", "b", "c"], "the tags")
    for tag in "abc":
        etag = repository.head(tag).status_is(200).get("ETag")
        equal(etag, f'"{content.digest}"', "ETag")
        repository.head(tag, [("Accept", "*/*"), ("If-None-Match", etag)]).status_is(304)
