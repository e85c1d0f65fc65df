"""Reading manifests: headers, conditions, negotiation (1.5)."""
import re

from lib.answer import expect
from lib.content import (
    ABSENT, DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, artifact, digest_of, image, index, random_blob)
from lib.register import group

test = group("reading manifests")
IMMUTABLE = re.compile(r"(?=.*\bmax-age=31536000\b)(?=.*\bimmutable\b).*")
MAKERS = {"an image": image, "a Docker image": lambda: image(docker=True), "an index": index,
          "a Docker list": lambda: index(docker=True), "an artifact": artifact}


@test.cases("M-1 {what} has its type, length, digest and ETag, by tag and by digest", [{"what": what} for what in MAKERS])
def headers(t, what):
    repository = t.repository()
    content = repository.push(MAKERS[what](), "v1")
    for reference in ("v1", content.digest):
        for answer in (repository.get(reference).body_is(content.data), repository.head(reference).body_is(b"")):
            answer.status_is(200).header("Content-Type", content.kind).header("Docker-Content-Digest", content.digest)
            answer.header("Content-Length", str(len(content.data))).header("ETag", f'"{content.digest}"')


@test("M-1 by digest caches may keep it, by tag they must ask, and it depends on Accept")
def caching(t):
    repository = t.repository()
    content = repository.push(image(), "v1")
    for read in (repository.get, repository.head):
        read(content.digest).header("Cache-Control", IMMUTABLE)
        read("v1").header("Cache-Control", "no-cache").header("Vary", re.compile(r"(?i)(.*, *)?accept(,.*)?"))


@test("M-2 the bytes come back as they went, whatever their layout")
def bytes_kept(t):
    repository = t.repository()
    content = image()
    repository.push(content)
    data = b"\n\t " + content.data.replace(b'"schemaVersion"', b'"unknown" : {"\\u00e9":1e2, "b":[ ]} ,"schemaVersion"') + b" \n\n"
    repository.put("odd", data, content.kind).status_is(201).header("Docker-Content-Digest", digest_of(data))
    repository.get("odd").status_is(200).body_is(data)
    repository.get(digest_of(data)).status_is(200).body_is(data)


@test("M-1 the type is that of the PUT where the manifest names none")
def type_of_put(t):
    repository = t.repository()
    content = image()
    document = content.document
    del document["mediaType"]
    repository.push(content)
    digest = repository.put("v1", document, OCI_MANIFEST).status_is(201).get("Docker-Content-Digest")
    for reference in ("v1", digest):
        repository.head(reference).status_is(200).header("Content-Type", OCI_MANIFEST)


@test("C-8 parameters of the type of a PUT are left out")
def parameters(t):
    repository = t.repository()
    content = repository.push(image())
    repository.put("v1", content, content.kind + "; charset=utf-8").status_is(201)
    repository.head("v1").status_is(200).header("Content-Type", content.kind)


@test.cases("M-4 If-None-Match {form} is 304 with ETag and digest, and no body", [
    {"form": form} for form in ('"{digest}"', '{digest}', 'W/"{digest}"', '*', '"x", "{digest}"', '"{digest}","y"')])
def not_modified(t, form):
    content = t.repo1.push(image(), "not-modified")
    for reference in ("not-modified", content.digest):
        for read in (t.repo1.get, t.repo1.head):
            conditions = [("Accept", "*/*"), ("If-None-Match", form.format(digest=content.digest))]
            answer = read(reference, conditions).status_is(304).body_is(b"")
            answer.header("ETag", f'"{content.digest}"').header("Docker-Content-Digest", content.digest)


@test("M-4 If-None-Match in several headers counts as one list")
def not_modified_lists(t):
    content = t.repo1.push(image())
    t.repo1.get(content.digest, [("If-None-Match", '"x"'), ("If-None-Match", f'"{content.digest}"')]).status_is(304)


@test("M-4 who gets an image out of a list has it, or has not: the list does not count")
def not_modified_child(t):
    content = t.repo1.push(index(), "not-modified-child")
    child = t.repo1.get("not-modified-child", [("Accept", OCI_MANIFEST)]).status_is(200).get("Docker-Content-Digest")
    expect(child != content.digest, "the list is served")
    for read in (t.repo1.get, t.repo1.head):
        for tag, status in ((child, 304), (content.digest, 200)):
            answer = read("not-modified-child", [("Accept", OCI_MANIFEST), ("If-None-Match", f'"{tag}"')]).status_is(status)
            answer.header("ETag", f'"{child}"').header("Docker-Content-Digest", child)
        read("not-modified-child", [("Accept", OCI_INDEX), ("If-None-Match", f'"{content.digest}"')]).status_is(304)


@test("M-4 If-None-Match with something else is 200")
def modified(t):
    content = t.repo1.push(image(), "modified")
    for value in (f'"{ABSENT["sha256"]}"', f'"{content.digest}x"', '""'):
        t.repo1.get("modified", [("Accept", "*/*"), ("If-None-Match", value)]).status_is(200).body_is(content.data)


@test.cases("M-5 {method} of an unknown tag is 404 with the tag in the details", [{"method": "GET"}, {"method": "HEAD"}])
def unknown_tag(t, method):
    repository = t.repository()
    repository.push(image(), "v1")
    answer = repository.send(method, "/manifests/none-of-this-name").error(404, "MANIFEST_UNKNOWN")
    expect(method == "HEAD" or "none-of-this-name" in answer.details(), f"{answer}: the tag is not in the details")


@test.cases("M-5 {method} of an unknown digest is 404 with the digest in the details", [
    {"method": "GET"}, {"method": "HEAD"}])
def unknown_digest(t, method):
    repository = t.repository()
    repository.push(image(), "v1")
    for digest in (digest_of(random_blob()), digest_of(random_blob(), "sha512")):
        answer = repository.send(method, f"/manifests/{digest}").error(404, "MANIFEST_UNKNOWN")
        expect(method == "HEAD" or digest in answer.details(), f"{answer}: the digest is not in the details")


@test.cases("M-5 {method} of a tag in a stream that does not exist is 404 NAME_UNKNOWN", [
    {"method": "GET"}, {"method": "HEAD"}])
def no_stream(t, method):
    t.repository().send(method, "/manifests/v1").error(404, "NAME_UNKNOWN")


@test("V-2 a manifest of another repository is not there by its digest")
def elsewhere(t):
    content = t.repo2.push(image(), "elsewhere")
    t.repo1.get(content.digest).error(404, "MANIFEST_UNKNOWN")


@test("M-5 a blob is no manifest")
def blob(t):
    t.repo1.get(t.repo1.push_blob(random_blob())).error(404, "MANIFEST_UNKNOWN")
    config = image().config
    t.repo1.get(t.repo1.push_blob(config)).error(404, "MANIFEST_UNKNOWN")


ANY = ("*/*", "application/*", "application/json")
OCI_ONLY, DOCKER_ONLY = [OCI_MANIFEST, OCI_INDEX], [DOCKER_MANIFEST, DOCKER_LIST]


@test.cases("M-6 {what} is served with Accept {accept}", [
    {"what": what, "accept": accept} for what in MAKERS for accept in (None, *ANY, "text/html, */*;q=0.1")])
def accepts_any(t, what, accept):
    content = t.repo1.push(MAKERS[what](), "any")
    t.repo1.get("any", [("Accept", accept)] if accept else []).status_is(200).body_is(content.data)


@test.cases("M-6 {what} is served by digest whatever Accept says", [{"what": what} for what in MAKERS])
def by_digest(t, what):
    content = t.repo1.push(MAKERS[what]())
    for accept in ("text/html", OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, "application/vnd.docker.distribution.manifest.v1+json"):
        t.repo1.get(content.digest, [("Accept", accept)]).status_is(200).body_is(content.data)


@test.cases("M-6 {what} is served by tag where its type is named: in one header, in several, with parameters", [
    {"what": what} for what in MAKERS])
def accepts_own(t, what):
    content = t.repo1.push(MAKERS[what](), "own")
    other = "text/html"
    for headers in ([("Accept", content.kind)], [("Accept", f"{other}, {content.kind};q=0.5")],
                    [("Accept", other), ("Accept", content.kind)], [("Accept", f"{other},{content.kind}")]):
        t.repo1.get("own", headers).status_is(200).body_is(content.data)


@test("M-6 an image of OCI is 404 to those who only know Docker's types, in words that say so")
def oci_to_docker(t):
    t.repo1.push(image(), "oci-image")
    answer = t.repo1.get("oci-image", [("Accept", kind) for kind in DOCKER_ONLY]).error(404, "MANIFEST_UNKNOWN")
    expect("OCI manifest found, but accept header does not support OCI manifests" in answer.details(), str(answer))


@test("M-6 an index of OCI is 404 to those who only know Docker's types, in words that say so")
def index_to_docker(t):
    t.repo1.push(index(), "oci-index")
    answer = t.repo1.get("oci-index", [("Accept", kind) for kind in DOCKER_ONLY]).error(404, "MANIFEST_UNKNOWN")
    expect("OCI index found, but accept header does not support OCI indexes" in answer.details(), str(answer))


@test("M-6 Docker's types are 404 to those who only know OCI's")
def docker_to_oci(t):
    t.repo1.push(image(docker=True), "docker-image")
    t.repo1.get("docker-image", [("Accept", kind) for kind in OCI_ONLY]).error(404, "MANIFEST_UNKNOWN")
    t.repo1.head("docker-image", [("Accept", kind) for kind in OCI_ONLY]).error(404)


@test.cases("M-6 of {what} those who only know images get the one for linux/amd64", [
    {"what": "an index", "docker": False}, {"what": "a Docker list", "docker": True}])
def default_platform(t, what, docker):
    content = t.repo1.push(index(docker=docker), "default-platform")
    child = next(child for child in content.children if b'"amd64"' in child.config)
    for answer in (t.repo1.get("default-platform", [("Accept", child.kind)]).body_is(child.data),
                   t.repo1.head("default-platform", [("Accept", child.kind)])):
        answer.status_is(200).header("Docker-Content-Digest", child.digest).header("Content-Type", child.kind)
        answer.header("Content-Length", str(len(child.data)))


@test("M-6 of an index without linux/amd64 those who only know images get 404")
def no_default_platform(t):
    t.repo1.push(index([image(architecture="s390x")]), "no-default")
    t.repo1.get("no-default", [("Accept", OCI_MANIFEST)]).error(404, "MANIFEST_UNKNOWN")


@test("M-6 q=0 excludes a type")
def excluded(t):
    t.repo1.push(image(), "excluded")
    accept = f"{DOCKER_MANIFEST}, {OCI_MANIFEST};q=0"
    t.repo1.get("excluded", [("Accept", accept)]).error(404, "MANIFEST_UNKNOWN")
