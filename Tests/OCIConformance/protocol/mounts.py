"""Blobs of other repositories (1.11)."""
from lib.answer import expect
from lib.content import digest_of, image, random_blob
from lib.register import group
from lib.repository import with_query

test = group("mounts")
BOTH = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]


def mount(repository, digest, **more):
    return repository.send("POST", with_query("/blobs/uploads/", mount=digest, **more), b"", {"Content-Length": "0"})


def mounted(answer, repository, digest, data):
    answer.status_is(201).header("Docker-Content-Digest", digest).header("Content-Length", "0")
    expect(answer.location() == f"{repository.base}/blobs/{digest}", f"{answer}: {answer.location()}")
    repository.blob(digest).status_is(200).header("Docker-Content-Digest", digest).body_is(data)


def started(answer, repository):
    """An ordinary upload instead, which works."""
    data = random_blob()
    answer.status_is(202).header("Range", "0-0")
    expect(answer.get("Docker-Upload-UUID"), f"{answer}: no Docker-Upload-UUID")
    repository.finish(answer.location(), digest_of(data), data).status_is(201)


@test.cases("K-1 a blob of a repository that is named is mounted: 201 ({algorithm})", BOTH)
def from_repository(t, algorithm):
    data = random_blob()
    digest = t.repo2.push_blob(data, algorithm)
    t.repo1.blob(digest).error(404, "BLOB_UNKNOWN")
    answer = mount(t.repo1, digest, **{"from": t.repo2.name})
    mounted(answer, t.repo1, digest, data)
    expect(answer.get("Docker-Upload-UUID") is None, f"{answer}: a session was made too")


@test.cases("K-3 a blob is found without a repository being named: 201 ({algorithm})", BOTH)
def anonymous(t, algorithm):
    data = random_blob()
    digest = t.repo2.push_blob(data, algorithm)
    mounted(mount(t.repo1, digest), t.repo1, digest, data)


@test.cases("K-2 a blob that nobody has starts an upload: 202 ({algorithm})", BOTH)
def nobody_has(t, algorithm):
    digest = digest_of(random_blob(), algorithm)
    started(mount(t.repo1, digest, **{"from": t.repo2.name}), t.repo1)
    started(mount(t.repo1, digest), t.repo1)


@test("K-2 a blob that the named repository lacks starts an upload, though another has it")
def lacks(t):
    digest = t.repo1.push_blob(random_blob())
    other = t.repository()
    started(mount(other, digest, **{"from": t.repo2.name}), other)


@test("K-2 a repository that does not exist starts an upload")
def no_repository(t):
    digest = digest_of(random_blob())
    for name in (f"{t.namespace}/none-at-all", "no-such-namespace/app"):
        started(mount(t.repo1, digest, **{"from": name}), t.repo1)


@test("K-4 from the repository itself: 201 if the blob is there, else 202")
def itself(t):
    data = random_blob()
    started(mount(t.repo1, digest_of(data), **{"from": t.repo1.name}), t.repo1)
    digest = t.repo1.push_blob(data)
    mounted(mount(t.repo1, digest, **{"from": t.repo1.name}), t.repo1, digest, data)


@test.cases("K-4 the digest {digest} and the source {source} are ignored: 202", [
    {"digest": "nonsense", "source": "conformance/x"}, {"digest": "sha256:abc", "source": "conformance/x"},
    {"digest": "md5:" + "a" * 32, "source": "conformance/x"}, {"digest": "", "source": "conformance/x"},
    {"digest": "sha256:" + "a" * 64, "source": "UPPER/case"}, {"digest": "sha256:" + "a" * 64, "source": "../x"},
    {"digest": "sha256:" + "a" * 64, "source": "a/b/c/d"}, {"digest": "sha256:" + "a" * 64, "source": ""}])
def invalid(t, digest, source):
    started(mount(t.repo1, digest, **{"from": source}), t.repo1)


@test("K-5 origin and unknown parameters are ignored")
def origin(t):
    data = random_blob()
    digest = t.repo2.push_blob(data)
    answer = mount(t.repo1, digest, **{"from": t.repo2.name}, origin="registry.example", other="1")
    mounted(answer, t.repo1, digest, data)


@test("K-1 a mounted blob stays when its source loses it")
def stays(t):
    data = random_blob()
    digest = t.repo2.push_blob(data)
    mount(t.repo1, digest, **{"from": t.repo2.name}).status_is(201)
    t.repo2.blob(digest, "DELETE").status_is(202)
    t.repo1.blob(digest).status_is(200).body_is(data)


@test("K-1 a deleted blob is not mounted")
def deleted(t):
    digest = t.repo2.push_blob(random_blob())
    t.repo2.blob(digest, "DELETE").status_is(202)
    started(mount(t.repo1, digest, **{"from": t.repo2.name}), t.repo1)


@test("V-1 a layer can be mounted because an image of the source has it")
def by_image(t):
    source, target = t.repository(), t.repository()
    content = source.push(image(), "v1")
    digest = digest_of(content.layers[0])
    mounted(mount(target, digest, **{"from": source.name}), target, digest, content.layers[0])


@test("J-1 the session of a mount that did not happen can be cancelled: 204")
def cancelled(t):
    place = mount(t.repo1, digest_of(random_blob()), **{"from": t.repo2.name}).status_is(202).location()
    t.client.send("DELETE", place).status_is(204)


@test("1.11 an image can be pushed with mounted blobs alone")
def whole_image(t):
    source, target = t.repository(), t.repository()
    content = source.push(image(3), "v1")
    for data in content.blobs:
        mount(target, digest_of(data), **{"from": source.name}).status_is(201)
    target.put("v1", content).status_is(201)
    target.get("v1").status_is(200).body_is(content.data)
