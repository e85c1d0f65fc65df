"""The sequences of container engines, step by step: docker, podman and its family, containerd (6.2–6.4)."""
from concurrent.futures import ThreadPoolExecutor

from lib.answer import equal, expect
from lib.client import CHALLENGE
from lib.content import (
    DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Content, descriptor, digest_of, image, index, random_blob)
from lib.register import group
from lib.repository import with_query

test = group("engines")
DOCKER_ACCEPT = [("Accept", kind) for kind in (
    "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/json", OCI_INDEX, OCI_MANIFEST, DOCKER_LIST,
    DOCKER_MANIFEST)]
PODMAN_ACCEPT = [("Accept", kind) for kind in (
    DOCKER_MANIFEST, OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v1+prettyjws", DOCKER_LIST, OCI_INDEX)]
CONTAINERD_ACCEPT = [("Accept", ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX, "*/*")))]
CODINGS = ("Accept-Encoding", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5")


def pinged(t, name, actions):
    """As all clients begin: the challenge, and a token for it. Returns the authorization header, or none."""
    answer = t.anonymous().send("GET", "/v2/").status_is(200, 401)
    answer.header("Docker-Distribution-Api-Version", "registry/2.0")
    if answer.status == 200:
        return []
    parameters = dict(CHALLENGE.findall(answer.get("WWW-Authenticate")))
    parameters["scope"] = f"repository:{name}:{actions}"
    token = t.client.token(parameters)
    expect(token, "no token")
    return [("Authorization", f"Bearer {token}")]


@test("6.2 docker push: mount attempts, streamed uploads, HEAD after each, schema 2 by tag")
def docker_push(t):
    repository, content = t.repository(), image(3, docker=True)
    auth = pinged(t, repository.name, "pull,push")

    def layer(data):
        digest = digest_of(data)
        repository.blob(digest, "HEAD", auth).status_is(404)
        for base in ("base", "other"):
            query = {"mount": digest, "from": f"{t.namespace}/{base}"}
            answer = repository.send("POST", with_query("/blobs/uploads/", **query), b"", auth).status_is(202)
        answer = repository.send("POST", "/blobs/uploads/", b"", auth).status_is(202)
        answer = t.client.send("PATCH", answer.location(), data, auth, chunked=True).status_is(202)
        equal(answer.get("Range"), f"0-{len(data) - 1}", "Range")
        expect(answer.get("Docker-Upload-UUID"), "no Docker-Upload-UUID")
        place = with_query(answer.location(), digest=digest)
        t.client.send("PUT", place, b"", auth).status_is(201).header("Docker-Content-Digest", digest)
        repository.blob(digest, "HEAD", auth).status_is(200).header("Content-Length", str(len(data)))

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(layer, content.layers))
    layer(content.config)
    repository.put("v1", content, headers=auth).status_is(201).header("Docker-Content-Digest", content.digest)
    repository.get("v1", [*DOCKER_ACCEPT, *auth]).status_is(200).body_is(content.data)


@test("6.2 docker push of an image whose layers the registry has: mount 201, then HEAD")
def docker_mount(t):
    source, repository = t.repository(), t.repository()
    content = source.push(image(2, docker=True), "v1")
    auth = pinged(t, repository.name, "pull,push")
    for data in content.blobs:
        query = {"mount": digest_of(data), "from": source.name}
        repository.send("POST", with_query("/blobs/uploads/", **query), b"", auth).status_is(201)
        repository.blob(digest_of(data), "HEAD", auth).status_is(200).header("Content-Length", str(len(data)))
    repository.put("v1", content, headers=auth).status_is(201)


@test("6.2 docker pull: HEAD by tag, index and image by digest, blobs side by side, a break resumed by a range")
def docker_pull(t):
    repository = t.repository()
    content = repository.push(index(docker=True), "v1")
    auth = pinged(t, repository.name, "pull")
    answer = repository.head("v1", [*DOCKER_ACCEPT, *auth]).status_is(200).header("Content-Type", DOCKER_LIST)
    found = repository.get(answer.get("Docker-Content-Digest"), [*DOCKER_ACCEPT, *auth]).status_is(200).json()
    child = next(item for item in found["manifests"] if item["platform"]["architecture"] == "amd64")
    manifest = repository.get(child["digest"], [*DOCKER_ACCEPT, *auth]).status_is(200)
    equal(len(manifest.body), child["size"], "the size of the child")
    blobs = {digest_of(data): data for data in next(c for c in content.children if c.digest == child["digest"]).blobs}

    def blob(item):
        digest, data = item
        repository.blob(digest, "GET", auth).status_is(200).body_is(data)
        half = len(data) // 2
        repository.blob(digest, "GET", [("Range", f"bytes={half}-"), *auth]).status_is(206).body_is(data[half:])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(blob, blobs.items()))


@test("6.2 docker manifest push: children by digest, then the list")
def docker_manifest(t):
    repository, content = t.repository(), index(docker=True)
    for child in content.children:
        for data in child.blobs:
            repository.push_blob(data)
        repository.put(child.digest, child).status_is(201)
    repository.put("v1", content).status_is(201)
    repository.get("v1", DOCKER_ACCEPT).status_is(200).body_is(content.data)


@test("6.3 podman push: HEAD, mount, DELETE of the unused upload, PATCH of the whole blob, PUT, manifest")
def podman_push(t):
    repository, content = t.repository(), image(3)
    auth = pinged(t, repository.name, "pull,push")
    for data in content.blobs:
        digest = digest_of(data)
        repository.blob(digest, "HEAD", auth).status_is(404)
        query = {"mount": digest, "from": f"{t.namespace}/base"}
        answer = repository.send("POST", with_query("/blobs/uploads/", **query), b"", auth).status_is(202)
        t.client.send("DELETE", answer.location(), b"", auth).status_is(204)
        answer = repository.send("POST", "/blobs/uploads/", b"", auth).status_is(202)
        headers = [("Content-Type", "application/octet-stream"), *auth]
        answer = t.client.send("PATCH", answer.location(), data, headers).status_is(202)
        place = with_query(answer.location(), digest=digest)
        t.client.send("PUT", place, b"", headers).status_is(201)
    repository.put("v1", content, headers=[("Docker-Distribution-API-Version", "registry/2.0"), *auth]).status_is(201)
    repository.get("v1", [*PODMAN_ACCEPT, *auth]).status_is(200).body_is(content.data)


@test("6.3 podman pull: manifests, signatures of the instance because the ping promised them, blobs")
def podman_pull(t):
    repository = t.repository()
    content = repository.push(index(), "v1")
    auth = pinged(t, repository.name, "pull")
    signatures = t.client.send("GET", "/v2/").get("X-Registry-Supports-Signatures") == "1"
    repository.get("v1", [*PODMAN_ACCEPT, *auth]).status_is(200).header("Content-Type", OCI_INDEX)
    child = content.children[0]
    repository.get(child.digest, [*PODMAN_ACCEPT, *auth]).status_is(200).body_is(child.data)
    if signatures:
        place = f"/extensions/v2/{repository.name}/signatures/{child.digest}"
        equal(t.client.send("GET", place, b"", auth).status_is(200).json(), {"signatures": []}, "signatures")
    repository.get(child.digest.replace(":", "-") + ".sig", [*PODMAN_ACCEPT, *auth]).error(404, "MANIFEST_UNKNOWN")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda data: repository.blob(digest_of(data), "GET", auth).status_is(200).body_is(data), child.blobs))


@test("6.3 skopeo copy --all: children by digest, then the index by tag")
def skopeo_copy(t):
    source, target = t.repository(), t.repository()
    content = source.push(index(), "v1")
    for child in content.children:
        for data in child.blobs:
            digest = digest_of(data)
            got = source.blob(digest).status_is(200).body
            target.blob(digest, "HEAD").status_is(404)
            place = target.append(target.start(), got).status_is(202).location()
            target.finish(place, digest).status_is(201)
        target.put(child.digest, source.get(child.digest, PODMAN_ACCEPT).body, child.kind).status_is(201)
    target.put("v1", source.get("v1", PODMAN_ACCEPT).body, content.kind).status_is(201)
    target.head("v1").status_is(200).header("Docker-Content-Digest", content.digest)


@test("6.3 skopeo delete: the digest of the tag, then DELETE by digest; all its tags go")
def skopeo_delete(t):
    repository = t.repository()
    content = repository.push(image(), "v1", "same")
    digest = repository.get("v1", PODMAN_ACCEPT).status_is(200).get("Docker-Content-Digest")
    equal(digest, content.digest, "the digest")
    repository.delete(digest).status_is(202)
    for tag in ("v1", "same"):
        repository.head(tag, PODMAN_ACCEPT).status_is(404)


@test("6.3 skopeo list-tags follows links")
def skopeo_tags(t):
    repository = t.repository()
    content = repository.push(image(0))
    names = [f"t{number:03}" for number in range(120)]
    for start in range(0, 120, 40):
        repository.put(content.digest, content, tag=names[start:start + 40]).status_is(201)
    equal(repository.tag_names(), names, "the tags")


@test("J-7 a partial pull of zstd:chunked: many ranges in one request, as many parts")
def partial_pull(t):
    data = random_blob(200_000)
    digest = t.repo1.push_blob(data)
    ranges = ",".join(f"{start}-{start + 99}" for start in range(0, 200_000, 1000))
    answer = t.repo1.blob(digest, headers={"Range": f"bytes={ranges}"}).status_is(206)
    boundary = answer.get("Content-Type").split("boundary=")[1].encode()
    equal(answer.body.count(b"--" + boundary) - 1, 200, "parts")


@test("6.4 containerd pull: HEAD, GET by digest with codings offered, blobs from bytes=0-, parallel ranges")
def containerd_pull(t):
    repository = t.repository()
    content = repository.push(index(), "v1")
    auth = pinged(t, repository.name, "pull")
    answer = repository.head("v1?ns=docker.io", [*CONTAINERD_ACCEPT, *auth]).status_is(200)
    equal(answer.get("Docker-Content-Digest"), content.digest, "the digest")
    equal(answer.get("Content-Length"), str(len(content.data)), "the size")
    for item in (content, *content.children):
        answer = repository.get(item.digest, [*CONTAINERD_ACCEPT, CODINGS, *auth]).status_is(200)
        answer.body_is(item.data).header("Content-Encoding", None)
    for data in content.children[0].blobs:
        digest, half = digest_of(data), len(data) // 2
        for first in (0, half):
            headers = [("Range", f"bytes={first}-"), CODINGS, *auth]
            answer = repository.blob(digest, "GET", headers).status_is(200, 206).header("Content-Encoding", None)
            expect(answer.body == data[first:] or answer.status == 200 and answer.body == data, "other bytes")


@test("6.4 containerd resolves an unknown digest by manifests and then blobs")
def containerd_resolve(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    layer = digest_of(content.layers[0])
    repository.head(layer, CONTAINERD_ACCEPT).error(404)
    repository.blob(layer, "HEAD").status_is(200)
    repository.blob(content.digest, "HEAD").status_is(200).header("Content-Length", str(len(content.data)))


@test("6.4 containerd push: HEAD 404, POST, PUT of the whole blob with its digest in the answer, manifest")
def containerd_push(t):
    repository, content = t.repository(), image(2)
    auth = pinged(t, repository.name, "pull,push")
    for data in content.blobs:
        digest = digest_of(data)
        repository.blob(digest, "HEAD", auth).status_is(404)
        answer = repository.send("POST", "/blobs/uploads/", b"", auth).status_is(202)
        headers = [("Content-Type", "application/octet-stream"), *auth]
        answer = t.client.send("PUT", with_query(answer.location(), digest=digest), data, headers).status_is(201)
        answer.header("Docker-Content-Digest", digest)
    repository.head("v1", [*CONTAINERD_ACCEPT, *auth]).status_is(404)
    repository.put("v1", content, headers=auth).status_is(201).header("Docker-Content-Digest", content.digest)
    repository.head("v1", [*CONTAINERD_ACCEPT, *auth]).status_is(200).header("Docker-Content-Digest", content.digest)


@test("J-13 containerd mount: 201 is done, 202 goes on in the session that came with it")
def containerd_mount(t):
    source, repository = t.repository(), t.repository()
    data = random_blob()
    digest = source.push_blob(data)
    query = {"mount": digest, "from": source.name}
    repository.send("POST", with_query("/blobs/uploads/", **query), b"").status_is(201)
    other = random_blob()
    query = {"mount": digest_of(other), "from": source.name}
    place = repository.send("POST", with_query("/blobs/uploads/", **query), b"").status_is(202).location()
    repository.finish(place, digest_of(other), other).status_is(201)


@test("B.2 buildx: an index with images and their attestations, then a node's pull")
def buildx(t):
    repository = t.repository()
    children = []
    for architecture in ("amd64", "arm64"):
        child = image(architecture=architecture)
        statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}' + random_blob(8).hex().encode()
        layer = descriptor(statement, "application/vnd.in-toto+json", annotations={"in-toto.io/predicate-type": "x"})
        config = b'{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}}'
        plain = image(0, config=config)
        children += [child, Content({**plain.document, "layers": [layer]}, OCI_MANIFEST, [config, statement], config=config)]
    content = index(children)
    document = content.document
    for entry, child in zip(document["manifests"][1::2], children[::2]):
        entry["platform"] = {"architecture": "unknown", "os": "unknown"}
        entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest",
                                "vnd.docker.reference.digest": child.digest}
    content = repository.push(Content(document, OCI_INDEX, children=children), "v2")
    found = repository.get("v2", CONTAINERD_ACCEPT).status_is(200).body_is(content.data)
    equal(found.get("Docker-Content-Digest"), content.digest, "the digest")
    for child in children:
        repository.get(child.digest, CONTAINERD_ACCEPT).status_is(200).body_is(child.data)
    # Who knows no indexes gets the image, not its attestation.
    repository.get("v2", [("Accept", OCI_MANIFEST)]).status_is(200).body_is(children[0].data)
