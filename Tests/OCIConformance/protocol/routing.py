"""Names, routes and the forms paths come in (1.1, 1.2)."""
from lib.answer import expect
from lib.content import ABSENT, digest_of, image, random_blob
from lib.register import group

test = group("routing")
SOME = ABSENT["sha256"]


@test.cases("G-6 the name {name} is 400 NAME_INVALID", [{"name": name} for name in (
    "one", "a/b/c", "a/b/c/d/e", "UPPER/app", "ns/App", "ns/-app", "ns/app-", "ns/a..b", "ns/a__.b", "ns/.app", "-ns/app",
    "ns/a___b", "ns/app.", "ns/a%20b", "ns/%C3%A9", "ns/a@b", "ns/a$b", "ns/a+b", "n_s/app", "n.s/app", "a" * 64 + "/app",
    "ns/" + "a" * 256)])
def bad_name(t, name):
    for method, rest in (("GET", "tags/list"), ("GET", "manifests/v1"), ("GET", f"blobs/{SOME}"), ("POST", "blobs/uploads/"),
                         ("PUT", "manifests/v1"), ("DELETE", "manifests/v1"), ("GET", f"referrers/{SOME}")):
        t.client.send(method, f"/v2/{name}/{rest}").error(400, "NAME_INVALID")


@test("G-6 the refusal of a name says why in detail.reason")
def reason(t):
    detail = t.client.send("GET", "/v2/a/b/c/tags/list").error(400, "NAME_INVALID").errors()[0].get("detail")
    expect(isinstance(detail, dict) and isinstance(detail.get("reason"), str) and detail["reason"], f"detail: {detail}")


@test.cases("G-1 the name {name} is good", [{"name": name} for name in (
    "a", "0", "a.b", "a_b", "a-b", "a-b.c_d", "blobs", "manifests", "tags", "uploads", "list", "oci", "a" * 100)])
def good_name(t, name):
    repository = t.repository(name)
    content = repository.push(image(0), "v1")
    repository.get("v1").status_is(200).body_is(content.data)
    expect("v1" in repository.tags().status_is(200).json()["tags"], "the tag is not listed")


@test.cases("S-1 the name {name} is taken if streams may be called so, else 400 NAME_INVALID", [
    {"name": name} for name in ("a__b", "a--b", "a---b.c_d")])
def doubled_separators(t, name):
    answer = t.repository(name).send("POST", "/blobs/uploads/").status_is(202, 400)
    if answer.status == 400:
        answer.error(400, "NAME_INVALID")


@test("G-5 routes are found from the right: a stream may be called like a part of a route")
def from_the_right(t):
    repository = t.repository("blobs")
    data = random_blob()
    digest = repository.push_blob(data)
    t.client.send("GET", f"/v2/{t.namespace}/blobs/blobs/{digest}").status_is(200).body_is(data)
    # Two components, one of them a word of a route: still not a repository and a digest.
    t.client.send("GET", f"/v2/blobs/{digest}").error((400, 404))
    t.client.send("GET", "/v2/manifests/tags/tags/list").error((403, 404))


@test.cases("C-4 {path} is no route: 404 with a document", [{"path": path} for path in (
    "/v2/{repo}/nothing", "/v2/{repo}/blobs", "/v2/{repo}/manifests", "/v2/{repo}/tags", "/v2/{repo}/tags/all",
    "/v2/{repo}/manifests/v1/more", "/v2/{repo}/blobs/uploads/x/y", "/v2/{repo}", "/v2/_nothing", "/v2/_catalog/x",
    "/v2/{repo}/referrers", "/v2/{repo}/manifests/")])
def no_route(t, path):
    for method in ("GET", "HEAD"):
        answer = t.client.send(method, path.format(repo=t.repo1.name))
        answer.error((404, 400), ("UNSUPPORTED", "NAME_INVALID", "TAG_INVALID", "MANIFEST_UNKNOWN", "DIGEST_INVALID"))


@test.cases("C-4 {path} is 404 {code}", [{"path": path, "code": code} for path, code in (
    ("/v2/{repo}/nothing", "UNSUPPORTED"), ("/v2/{repo}/tags/all", "UNSUPPORTED"), ("/v2/{repo}/tags/list/", "UNSUPPORTED"),
    ("/v2/{repo}", "UNSUPPORTED"), ("/v2/UPPER/app/nothing", "NAME_INVALID"), ("/v2/_nothing", "NAME_INVALID"))])
def no_route_of(t, path, code):
    t.client.send("GET", path.format(repo=t.repo1.name)).error(404, code)


@test.cases("C-5 {method} {path} is 405 UNSUPPORTED, and Allow says what is allowed", [
    {"method": method, "path": path, "allowed": allowed} for method, path, allowed in (
        ("POST", "/v2/", {"GET"}), ("DELETE", "/v2/_catalog", {"GET"}), ("PUT", "/v2/{repo}/tags/list", {"GET"}),
        ("POST", "/v2/{repo}/manifests/v1", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PATCH", "/v2/{repo}/manifests/v1", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PUT", "/v2/{repo}/blobs/" + SOME, {"GET", "HEAD", "DELETE"}),
        ("PATCH", "/v2/{repo}/blobs/" + SOME, {"GET", "HEAD", "DELETE"}),
        ("GET", "/v2/{repo}/blobs/uploads/", {"POST"}), ("PUT", "/v2/{repo}/blobs/uploads/", {"POST"}),
        ("POST", "/v2/{repo}/blobs/uploads/00000000-0000-0000-0000-000000000000", {"GET", "PATCH", "PUT", "DELETE"}),
        ("DELETE", "/v2/{repo}/referrers/" + SOME, {"GET"}))])
def wrong_method(t, method, path, allowed):
    answer = t.client.send(method, path.format(repo=t.repo1.name)).error(405, "UNSUPPORTED")
    named = {name.strip() for name in (answer.get("Allow") or "").split(",")}
    expect(allowed <= named and method not in named, f"{answer}: Allow {sorted(named)}")


@test("G-5 an encoded colon in a digest is a colon")
def encoded_colon(t):
    content, data = t.repo1.push(image(), "encoded"), random_blob()
    digest = t.repo1.push_blob(data)
    for form in ("%3A", "%3a"):
        t.repo1.get(content.digest.replace(":", form)).status_is(200).body_is(content.data)
        t.repo1.blob(digest.replace(":", form)).status_is(200).body_is(data)
        t.repo1.referrers(digest.replace(":", form)).status_is(200)
        t.repo1.send("POST", f"/blobs/uploads/?mount={digest.replace(':', form)}", b"").status_is(201)
    place = t.repo1.start()
    other = random_blob()
    t.client.send("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest_of(other).replace(':', '%3A')}", other) \
        .status_is(201)


@test("G-5 other letters may be encoded too, and mean themselves")
def encoded_letters(t):
    content = t.repo1.push(image(), "letters")
    t.repo1.get("l%65tters").status_is(200).body_is(content.data)
    t.client.send("GET", f"/v2/{t.repo1.name.replace('o', '%6F')}/manifests/letters").status_is(200)


@test.cases("G-5 an encoded slash in a name is 400 NAME_INVALID: {form}", [
    {"form": form} for form in ("{ns}%2F{name}", "{ns}%2f{name}", "{ns}/{name}%2fx", "x%2F{ns}/{name}")])
def encoded_slash(t, form):
    namespace, name = t.repo1.name.split("/")
    t.repo1.push(image(), "slash")
    t.client.send("GET", f"/v2/{form.format(ns=namespace, name=name)}/manifests/slash").error(400, "NAME_INVALID")


@test("G-5 a path is decoded once")
def decoded_once(t):
    t.repo1.push(image(), "once")
    t.repo1.get("%256Fnce").error((400, 404))
    t.repo1.blob(SOME.replace(":", "%253A")).error((400, 404))


@test.cases("6.1 the path {path} leads nowhere", [{"path": path} for path in (
    "/v2/../v2/{repo}/manifests/dots", "/v2/{ns}/../{repo}/manifests/dots", "/v2/{ns}/x/../{name}/manifests/dots",
    "/v2/{ns}/%2e%2e/{repo}/manifests/dots", "/v2/{ns}/%2e%2e%2f{repo}/manifests/dots", "/v2/./{repo}/manifests/dots",
    "/v2//{repo}/manifests/dots", "/v2/{ns}//{name}/manifests/dots", "/v2/{repo}//manifests/dots",
    "/v2/{repo}/manifests/../manifests/dots", "/v2/{repo}/manifests/..", "/v2/{repo}/manifests/%2e%2e",
    "/v2/{repo}/blobs/..%2f..%2f..%2fetc%2fpasswd", "/v2/{repo}/manifests/..%2f..%2f..%2fetc%2fpasswd",
    "/v2/{repo}/blobs/sha256:../../../etc/passwd", "/v2/{repo}/blobs/sha256:%2e%2e%2f%2e%2e", "/v2/{ns}/..;/{name}/tags/list",
    "/v2/{repo}/manifests/v1%00.x", "/v2/{repo}%00/manifests/dots", "/v2/{repo}/manifests/%ff%fe", "/v2/{repo}/manifests/%zz",
    "/v2/{repo}/manifests/%", "/v2/{repo}\\manifests\\dots", "/v2/{repo}/manifests/dots/", "/v2/{repo}/manifests/dots%2f",
    "/v2/..%2f..%2fetc/passwd/tags/list", "/v2/%2e%2e/%2e%2e/tags/list")])
def tricks(t, path):
    t.repo1.push(image(), "dots")
    namespace, name = t.repo1.name.split("/")
    answer = t.client.send("GET", path.format(repo=t.repo1.name, ns=namespace, name=name))
    expect(answer.status in (400, 404), f"{answer}, expected 400 or 404")
    expect(b"root:" not in answer.body, f"{answer}: a file of the machine")


@test("1.18 a very long path or query does no harm")
def long_path(t):
    for path in (f"/v2/{'a/' * 4000}tags/list", f"{t.repo1.base}/tags/list?last={'a' * 100_000}",
                 f"{t.repo1.base}/manifests/{'a' * 20_000}"):
        answer = t.client.send("GET", path)
        expect(answer.status < 500, str(answer))
    t.client.send("GET", "/v2/").status_is(200)
