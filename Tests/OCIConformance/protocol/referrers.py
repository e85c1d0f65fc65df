"""Lists of referrers (1.14)."""
import json
import urllib.parse

from lib.answer import equal, expect
from lib.content import ABSENT, OCI_INDEX, OCI_MANIFEST, artifact, digest_of, image, index, random_blob
from lib.register import group

test = group("referrers")
SBOM, SIGNATURE = "application/spdx+json", "application/vnd.example.signature"


def listed(answer):
    """The entries of a list that has its form."""
    answer.status_is(200).header("Content-Type", OCI_INDEX)
    document = answer.json()
    equal((document.get("schemaVersion"), document.get("mediaType")), (2, OCI_INDEX), "schemaVersion and mediaType")
    expect(isinstance(document.get("manifests"), list), f"{answer}: no manifests")
    return document["manifests"]


def entry(content, artifact_type):
    fields = {"mediaType": content.kind, "digest": content.digest, "size": len(content.data),
              "annotations": content.document.get("annotations")}
    return {name: value for name, value in {**fields, "artifactType": artifact_type}.items() if value is not None}


@test.cases("F-1 the list of {what} is empty, not 404", [{"what": what} for what in (
    "a stream that does not exist", "a subject that does not exist", "the digest of zeros", "a manifest without referrers",
    "a sha512 digest", "an unknown algorithm", "a blob")])
def empty(t, what):
    repository = t.repository()
    if what != "a stream that does not exist":
        content = repository.push(image(), "v1")
    digest = {"the digest of zeros": ABSENT["sha256"], "a sha512 digest": ABSENT["sha512"],
              "an unknown algorithm": "blake3:" + "a" * 64}.get(what, digest_of(random_blob()))
    if what == "a manifest without referrers":
        digest = content.digest
    elif what == "a blob":
        digest = repository.push_blob(random_blob())
    equal(listed(repository.referrers(digest)), [], "entries")


@test.cases("F-2 of {digest} it is 400 DIGEST_INVALID", [{"digest": digest} for digest in (
    "sha256:abc", "sha256:" + "A" * 64, "v1", "sha256:", "sha256:" + "a" * 65, ":x", "sha256:%C3%A9")])
def invalid(t, digest):
    t.repo1.referrers(digest).error(400, "DIGEST_INVALID")


@test("F-3 entries have the type, digest, size, artifact type and annotations of the referrers")
def entries(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    typed = repository.push(artifact(subject, artifact_type=SBOM, annotations={"a": "1", "b": "ü"}))
    by_config = repository.push(artifact(subject, artifact_type=None, config_type="application/vnd.example.config"))
    of_index = repository.push(index([repository.push(image())], subject=subject.descriptor(), artifactType=SIGNATURE,
                                     annotations={"c": "3"}))
    plain_index = repository.push(index([], subject=subject.descriptor()))
    found = listed(repository.referrers(subject.digest))
    wanted = [entry(typed, SBOM), entry(by_config, "application/vnd.example.config"), entry(of_index, SIGNATURE),
              entry(plain_index, None)]
    by_digest = {item["digest"]: item for item in found}
    equal(len(found), 4, "entries")
    for item in wanted:
        equal(by_digest.get(item["digest"]), item, "an entry")


@test("F-3 an empty artifact type is that of the config")
def empty_type(t):
    repository = t.repository()
    subject = repository.push(image())
    content = artifact(subject, config_type="application/vnd.example.config")
    document = {**content.document, "artifactType": ""}
    for data in content.blobs:
        repository.push_blob(data)
    repository.put("x", document).status_is(201)
    equal(listed(repository.referrers(subject.digest))[0].get("artifactType"), "application/vnd.example.config", "type")


@test("F-3 an ordinary image with a subject is a referrer with the type of its config")
def image_as_referrer(t):
    repository = t.repository()
    subject = repository.push(image())
    content = repository.push(image(subject=subject.descriptor()))
    equal(listed(repository.referrers(subject.digest)),
          [entry(content, "application/vnd.oci.image.config.v1+json")], "entries")


@test("F-3 referrers of a subject that was never pushed are listed under its digest")
def missing_subject(t):
    repository, subject = t.repository(), image()
    content = repository.push(artifact(subject))
    equal(repository.referrer_digests(subject.digest), [content.digest], "before the subject")
    repository.push(subject, "v1")
    equal(repository.referrer_digests(subject.digest), [content.digest], "after the subject")


@test("F-3 only referrers of this repository are listed")
def elsewhere(t):
    here, there = t.repository(), t.repository()
    subject = image()
    for repository in (here, there):
        repository.push(subject)
    content = here.push(artifact(subject))
    equal(here.referrer_digests(subject.digest), [content.digest], "here")
    equal(there.referrer_digests(subject.digest), [], "there")


@test("F-4 with a type only entries of it are listed, and the answer says so")
def filtered(t):
    repository = t.repository()
    subject = repository.push(image())
    boms = [repository.push(artifact(subject, artifact_type=SBOM)).digest for _ in range(2)]
    repository.push(artifact(subject, artifact_type=SIGNATURE))
    answer = repository.referrers(subject.digest, artifactType=SBOM).header("OCI-Filters-Applied", "artifactType")
    equal(sorted(item["digest"] for item in listed(answer)), sorted(boms), "of one type")
    answer = repository.referrers(subject.digest, artifactType="none/such").header("OCI-Filters-Applied", "artifactType")
    equal(listed(answer), [], "of a type that nothing has")


@test("F-4 a type with + may be encoded or not")
def filtered_plus(t):
    repository = t.repository()
    subject = repository.push(image())
    content = repository.push(artifact(subject, artifact_type=SBOM))
    path = f"/referrers/{subject.digest}?artifactType="
    equal([item["digest"] for item in listed(repository.send("GET", path + "application%2Fspdx%2Bjson"))],
          [content.digest], "encoded")


@test("F-4 several types are joined")
def union(t):
    repository = t.repository()
    subject = repository.push(image())
    wanted = [repository.push(artifact(subject, artifact_type=kind)).digest for kind in (SBOM, SIGNATURE)]
    repository.push(artifact(subject, artifact_type="application/vnd.example.third"))
    equal(sorted(repository.referrer_digests(subject.digest, artifactType=[SBOM, SIGNATURE])), sorted(wanted), "both")


@test("F-4 an empty type is no filter")
def no_filter(t):
    repository = t.repository()
    subject = repository.push(image())
    content = repository.push(artifact(subject))
    answer = repository.referrers(subject.digest, artifactType="").header("OCI-Filters-Applied", None)
    equal([item["digest"] for item in listed(answer)], [content.digest], "entries")
    repository.referrers(subject.digest).header("OCI-Filters-Applied", None)


@test("F-5 entries are in the order of their pushes")
def order(t):
    repository = t.repository()
    subject = repository.push(image())
    pushed = [repository.push(artifact(subject)).digest for _ in range(12)]
    found = repository.referrer_digests(subject.digest)
    equal(sorted(found), sorted(pushed), "the entries")
    equal(found, pushed, "the order")


@test("F-5 pages of n entries are complete indexes, and their links keep the filter")
def paged(t):
    repository = t.repository()
    subject = repository.push(image())
    pushed = [repository.push(artifact(subject, artifact_type=SBOM)).digest for _ in range(5)]
    repository.push(artifact(subject, artifact_type=SIGNATURE))
    answer, found = repository.referrers(subject.digest, artifactType=SBOM, n=2), []
    while True:
        items = listed(answer.header("OCI-Filters-Applied", "artifactType"))
        expect(len(items) <= 2, f"{answer}: more than two")
        found += [item["digest"] for item in items]
        path = answer.link()
        if path is None or len(found) > 10:
            break
        equal(urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).get("artifactType"), [SBOM], "the link's filter")
        answer = t.client.send("GET", path)
    equal(found, pushed, "all pages")


@test("F-5 lists of more than 4 MiB come in pages of at most that")
def large_pages(t):
    repository = t.repository()
    subject = repository.push(image())
    note = {"pad": "x" * 1_000_000}
    pushed = [repository.push(artifact(subject, annotations=note)).digest for _ in range(6)]
    path, found = f"{repository.base}/referrers/{subject.digest}", []
    while path:
        answer = t.client.send("GET", path)
        expect(len(answer.body) <= 4 << 20, f"a page has {len(answer.body)} bytes")
        found += [item["digest"] for item in listed(answer)]
        path = answer.link()
    equal(found, pushed, "all pages")


@test("F-6 a deleted referrer is not listed any more")
def deleted(t):
    repository = t.repository()
    subject = repository.push(image())
    first, second = repository.push(artifact(subject)), repository.push(artifact(subject))
    repository.delete(first.digest).status_is(202)
    equal(repository.referrer_digests(subject.digest), [second.digest], "one left")
    repository.push(first)
    equal(sorted(repository.referrer_digests(subject.digest)), sorted([first.digest, second.digest]), "pushed again")


@test("D-3 referrers stay when their subject is deleted")
def subject_deleted(t):
    repository = t.repository()
    subject = repository.push(image(), "v1")
    content = repository.push(artifact(subject))
    repository.delete(subject.digest).status_is(202)
    equal(repository.referrer_digests(subject.digest), [content.digest], "entries")
    repository.get(content.digest).status_is(200)


@test("P-11 a referrer that is pushed again is listed once")
def once(t):
    repository = t.repository()
    subject = repository.push(image())
    content = repository.push(artifact(subject))
    for reference in (content.digest, "tagged", content.digest):
        repository.put(reference, content).status_is(201)
    equal(repository.referrer_digests(subject.digest), [content.digest], "entries")


@test("F-7 the list that a client kept under a tag is merged in, without what is not there")
def fallback_tag(t):
    repository = t.repository()
    subject = repository.push(image())
    known = repository.push(artifact(subject))
    other, missing = repository.push(artifact(image())), artifact(subject)
    tag = subject.digest.replace(":", "-")
    fallback = index([], manifests=[content.descriptor() for content in (known, other, missing)])
    repository.put(tag, fallback).status_is(201)
    repository.get(tag).status_is(200).body_is(fallback.data)
    equal(repository.referrer_digests(subject.digest), [known.digest], "entries")


@test("F-7 what a client's list and the index both have comes once, in pages too")
def fallback_pages(t):
    repository = t.repository()
    subject = repository.push(image())
    pushed = [repository.push(artifact(subject)) for _ in range(5)]
    fallback = index([], manifests=[content.descriptor() for content in pushed])
    repository.put(subject.digest.replace(":", "-"), fallback).status_is(201)
    answer, found = repository.referrers(subject.digest, n=2), []
    while len(found) < 20:
        found += [item["digest"] for item in listed(answer)]
        path = answer.link()
        if path is None:
            break
        answer = t.client.send("GET", path)
    equal(found, [content.digest for content in pushed], "all pages")


@test.cases("F-2 of {digest}, of an algorithm that nobody knows, it is empty", [{"digest": digest} for digest in (
    "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "sha256+b64u:AZ_%3D-", "md5:a")])
def foreign(t, digest):
    equal(listed(t.repo1.referrers(digest)), [], "entries")


@test("F-1 HEAD is GET without a body")
def head(t):
    t.repo1.send("HEAD", f"/referrers/{ABSENT['sha256']}").status_is(200).body_is(b"").header("Content-Type", OCI_INDEX)


@test("4.9 the chain of a signature of a signature ends; a manifest cannot be its own subject's list")
def chain(t):
    repository = t.repository()
    contents = [repository.push(image())]
    for _ in range(12):
        contents.append(repository.push(artifact(contents[-1])))
    for subject, content in zip(contents, contents[1:]):
        equal(repository.referrer_digests(subject.digest), [content.digest], "entries")


@test("F-3 a subject's own wrong size or type does not matter")
def loose_subject(t):
    repository = t.repository()
    subject = repository.push(image())
    content = artifact({"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": 1})
    repository.push(content)
    equal(repository.referrer_digests(subject.digest), [content.digest], json.dumps(content.document["subject"]))
