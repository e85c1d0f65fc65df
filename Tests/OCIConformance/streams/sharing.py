"""What repositories see of each other: mounts with and without rights, visibility, the catalog per user (1.11, 1.13, 3.8)."""
import json

from lib.answer import equal, expect
from lib.content import OCI_MANIFEST, digest_of, image, index, random_blob
from lib.project import CREATE, PULL, PUSH, rule
from lib.register import group
from lib.repository import Repository, with_query

test = group("sharing", "api")


def mount(repository, digest, source=None):
    query = {"mount": digest, **({"from": source} if source else {})}
    return repository.send("POST", with_query("/blobs/uploads/", **query), b"", {"Content-Length": "0"})


@test("K-1 a mount across namespaces with rights to both is 201")
def with_rights(t):
    source, target = t.project(), t.project()
    data = random_blob()
    digest = source.repository().push_blob(data)
    account = target.account("dev", PUSH, CREATE).may(PULL, namespace=source.name)
    mount(account.repository("app"), digest, f"{source.name}/app").status_is(201)
    account.repository("app").blob(digest).status_is(200).body_is(data)


@test("K-2 a mount without rights to the source is 202, as one of what is not there; nothing is revealed")
def without_rights(t):
    source, target = t.project(), t.project()
    there, never = source.repository().push_blob(random_blob()), digest_of(random_blob())
    source.repository().push(image(0), "v1")
    repository = target.account("dev", PUSH, CREATE).repository("app")
    answers = [mount(repository, digest, name).status_is(202) for digest, name in (
        (there, f"{source.name}/app"), (never, f"{source.name}/app"), (there, f"{source.name}/none"), (there, "none/none"))]
    shapes = [sorted(name for name, _ in answer.headers) for answer in answers]
    expect(all(shape == shapes[0] for shape in shapes), f"the answers differ: {shapes}")
    repository.blob(there).error(404)


@test("K-2 a mount without the right to push is 403, not 202")
def without_push(t):
    source, target = t.project(), t.project()
    digest = source.repository().push_blob(random_blob())
    account = target.account("dev", PULL).may(PULL, namespace=source.name)
    mount(account.repository("app"), digest, f"{source.name}/app").error(403, "DENIED")


@test("K-3 a mount without a source takes only from repositories that one may pull from")
def anonymous_mount(t):
    source, target = t.project(), t.project()
    data = random_blob()
    digest = source.repository().push_blob(data)
    account = target.account("dev", PUSH, CREATE)
    repository = account.repository("app")
    mount(repository, digest).status_is(202)
    repository.blob(digest).error(404)
    account.may(PULL, namespace=source.name)
    mount(repository, digest).status_is(201)
    repository.blob(digest).status_is(200).body_is(data)


@test("V-2 a digest alone gives no access, in no way a client has")
def digest_alone(t):
    source, target = t.project(), t.project()
    content = source.repository().push(image(), "v1")
    repository = target.repository()
    for digest in (content.digest, *(digest_of(data) for data in content.blobs)):
        repository.blob(digest).error(404)
        repository.get(digest).error(404)
    repository.put("v1", content).error(400, "MANIFEST_BLOB_UNKNOWN")
    parent = index([content])
    repository.put("multi", parent).status_is(201)
    repository.get(content.digest).error(404)
    for data in content.blobs:
        repository.blob(digest_of(data)).error(404)


@test("V-2 an index of one's own over foreign blobs, named as layers, gives no access to them")
def claimed_layers(t):
    source, target = t.project(), t.project()
    secret = random_blob()
    source.repository().push_blob(secret)
    entry = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(secret), "size": len(secret)}
    document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    repository = target.repository()
    repository.put("cache", document, "application/vnd.oci.image.index.v1+json")
    repository.blob(digest_of(secret)).error(404)
    path = with_query("/blobs/uploads/", mount=digest_of(secret), **{"from": repository.name})
    target.repository("other").send("POST", path).status_is(202)


@test("V-2 a nondistributable layer that names a foreign blob gives no access to it")
def claimed_foreign(t):
    source, target = t.project(), t.project()
    secret = random_blob()
    source.repository().push_blob(secret)
    content = image(0)
    kind = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    document = {**content.document, "layers": [{"mediaType": kind, "digest": digest_of(secret), "size": len(secret)}]}
    repository = target.repository()
    repository.push_blob(content.config)
    repository.put("v1", document).status_is(201)
    repository.blob(digest_of(secret)).error(404)


@test("V-2 a subject that names a foreign manifest gives no access to it")
def claimed_subject(t):
    source, target = t.project(), t.project()
    secret = source.repository().push(image(), "v1")
    content = image(0, subject=secret.descriptor())
    repository = target.repository()
    repository.push(content, "v1")
    repository.get(secret.digest).error(404)
    repository.blob(secret.digest).error(404)


@test("E-8 an ImageStreamMapping of one's own over a foreign digest gives no access to its blobs")
def claimed_mapping(t):
    source, target = t.project(), t.project()
    secret = source.repository().push(image(), "v1")
    target.make_stream()
    account = target.account("dev").has("edit")
    body = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamMapping", "metadata": {"name": "app"}, "tag": "v1",
            "image": {"metadata": {"name": secret.digest}, "dockerImageReference": f"x.example/y@{secret.digest}",
                      "dockerImageLayers": [{"name": layer["digest"], "size": layer["size"], "mediaType": layer["mediaType"]}
                                            for layer in secret.document["layers"]]}}
    answer = account.api.send("POST", f"{target.path}/imagestreammappings", json.dumps(body).encode(),
                              {"Content-Type": "application/json"})
    answer.status_is(201, 403, 409, 422)
    repository = account.repository("app")
    for data in secret.blobs:
        repository.blob(digest_of(data)).error(404)


@test("V-2 deleting a tag of one's own that names a foreign image gives no access to it")
def claimed_by_deletion(t):
    source, target = t.project(), t.project()
    secret = source.repository().push(image(), "v1")
    target.make_stream()
    for tag in ("v1", "v2"):
        body = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamMapping", "metadata": {"name": "app"},
                "tag": tag, "image": {"metadata": {"name": secret.digest},
                                      "dockerImageReference": f"x.example/y@{secret.digest}"}}
        target.cluster.send("POST", f"{target.path}/imagestreammappings", body).status_is(201)
    repository = target.repository()
    repository.delete("v1").status_is(202)
    repository.get(secret.digest).error(404)
    for data in secret.blobs:
        repository.blob(digest_of(data)).error(404)


@test("A-3 the catalog holds what one may see: all, some, nothing")
def catalog(t):
    one, two = t.project(), t.project()
    for project in (one, two):
        project.repository("app").push(image(0), "v1")
    lister = one.account("lister", rule("list get", "imagestreams"))
    reader = one.account("reader", PULL)
    nobody = one.account("nobody")
    everyone = one.account("everyone").may_everywhere(rule("list", "imagestreams"))

    def seen(account):
        names, path = [], "/v2/_catalog?n=1000"
        while path:
            answer = account.client.send("GET", path).status_is(200)
            names += answer.json()["repositories"]
            path = answer.link()
        return names

    equal(seen(lister), [f"{one.name}/app"], "who may list in one namespace")
    equal(seen(reader), [f"{one.name}/app"], "who may pull in one namespace")
    equal(seen(nobody), [], "who may do nothing")
    found = seen(everyone)
    expect({f"{one.name}/app", f"{two.name}/app"} <= set(found), "who may list everywhere sees all")
    equal(found, sorted(found), "the order")


@test("A-2 streams without tags are in the catalog, repositories without streams are not")
def catalog_is_streams(t):
    project = t.project()
    project.make_stream("empty")
    project.repository("loose").push_blob(random_blob())
    names = project.owner.client.send("GET", "/v2/_catalog?n=1000").status_is(200).json()["repositories"]
    equal([name for name in names if name.startswith(project.name + "/")], [f"{project.name}/empty"], "the catalog")


@test("T-1 a stream that was made through the API has an empty list of tags")
def made_by_api(t):
    project = t.project()
    project.make_stream()
    equal(project.repository().tags().status_is(200).json(), {"name": f"{project.name}/app", "tags": []}, "the list")


@test("S-3 a stream says which repository it is")
def says_repository(t):
    project = t.project()
    project.repository().push(image(0), "v1")
    value = project.stream()["status"]["dockerImageRepository"]
    expect(value.endswith(f"/{project.name}/app") and "://" not in value, value)
    expect(Repository(t.client, value.split("/", 1)[1]).name == f"{project.name}/app", value)


@test("3.8 somebody who pushes a config's bytes as a manifest takes it from nobody")
def config_as_manifest(t):
    source, target, other = t.project(), t.project(), t.project()
    content = source.repository().push(image(), "v1")
    target.make_stream()
    target.tag_from(f"{source.name}/app@{content.digest}", "v1")
    config = digest_of(content.config)
    target.repository().blob(config).status_is(200).body_is(content.config)
    other.repository().put("x", content.config, "application/vnd.example.thing+json").status_is(201, 400, 415)
    for repository in (source.repository(), target.repository()):
        repository.blob(config).status_is(200).body_is(content.config)
        repository.get("v1").status_is(200)


@test("3.8 the type under which somebody else pushes the same manifest is theirs alone")
def type_elsewhere(t):
    source, other = t.project(), t.project()
    content = image()
    document = {key: value for key, value in content.document.items() if key != "mediaType"}
    data = json.dumps(document).encode()
    repository, foreign = source.repository(), other.repository()
    for each in (repository, foreign):
        for blob in content.blobs:
            each.push_blob(blob)
    repository.put("v1", data, OCI_MANIFEST).status_is(201)
    foreign.put("v1", data, "application/vnd.example.thing+json").status_is(201, 400, 415)
    repository.get("v1").status_is(200).header("Content-Type", OCI_MANIFEST)
    repository.get(digest_of(data)).status_is(200).header("Content-Type", OCI_MANIFEST)
