"""How requests are taken, and when they are refused (1.1, 1.16)."""
import re
import shutil
import subprocess

from lib.answer import expect
from lib.content import ABSENT, OCI_MANIFEST, digest_of, image, random_blob
from lib.raw import eventually
from lib.register import group
from lib.repository import OCTETS, with_query

test = group("requests")


@test("C-11 100 is sent before the body is, where the request will be taken")
def continues(t):
    data = random_blob(1000)
    place = t.repo1.start()
    with t.raw() as raw:
        raw.begin("PUT", with_query(place, digest=digest_of(data)),
                  {**OCTETS, "Content-Length": "1000", "Expect": "100-continue"})
        raw.answer().status_is(100)
        raw.send(data)
        raw.answer().status_is(201)
    t.repo1.blob(digest_of(data)).status_is(200)


def refused_early(t, method, path, headers, status, credentials=True):
    """The final answer comes though no byte of the body was sent."""
    headers = {**headers, "Content-Length": "50000000", "Expect": "100-continue"}
    with t.raw(credentials=credentials) as raw:
        raw.begin(method, path, headers)
        raw.answer().status_is(status)


@test("C-11 a request that is refused gets its answer instead of 100: no credentials")
def no_credentials(t):
    refused_early(t, "PUT", f"{t.repo1.base}/manifests/v1", {"Content-Type": OCI_MANIFEST}, 401, credentials=False)
    refused_early(t, "POST", f"{t.repo1.base}/blobs/uploads/?digest={ABSENT['sha256']}", OCTETS, 401, credentials=False)


@test("C-11 a request that is refused gets its answer instead of 100: no such upload")
def no_session(t):
    refused_early(t, "PATCH", f"{t.repo1.base}/blobs/uploads/00000000-0000-0000-0000-000000000000", OCTETS, 404)


@test("C-11 a request that is refused gets its answer instead of 100: a wrong range")
def wrong_range(t):
    place = t.repo1.start()
    refused_early(t, "PATCH", place, {**OCTETS, "Content-Range": "1000-50000999"}, 416)
    refused_early(t, "PATCH", place, {**OCTETS, "Content-Range": "0-5"}, 400)


@test("C-11 a request that is refused gets its answer instead of 100: no such route, no such name, a wrong digest")
def no_route(t):
    refused_early(t, "PUT", "/v2/one/manifests/v1", {"Content-Type": OCI_MANIFEST}, 400)
    refused_early(t, "PUT", f"{t.repo1.base}/manifests/sha256:bad", {"Content-Type": OCI_MANIFEST}, 400)
    refused_early(t, "PUT", f"{t.repo1.base}/manifests/v1", {"Content-Type": OCI_MANIFEST}, 413)


@test("C-11 who goes on writing a refused body still sees the answer")
def answer_is_seen(t):
    data = random_blob(200_000)
    path = f"{t.repo1.base}/blobs/uploads/00000000-0000-0000-0000-000000000000"
    for _ in range(5):
        t.client.send("PATCH", path, data, OCTETS).error(404, "BLOB_UPLOAD_UNKNOWN")


@test("C-12 a connection serves many requests one after the other")
def kept(t):
    with t.raw() as raw:
        for _ in range(20):
            raw.begin("GET", "/v2/")
            raw.answer().status_is(200)
            raw.begin("HEAD", f"{t.repo1.base}/blobs/{ABSENT['sha256']}")
            raw.answer().status_is(404)


@test("C-12 chunked bodies are taken with extensions of chunks and trailers")
def chunk_forms(t):
    data = b"hello world"
    with t.raw() as raw:
        raw.begin("PATCH", t.repo1.start(), {"Transfer-Encoding": "chunked"})
        raw.send(b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n")
        answer = raw.answer().status_is(202).header("Range", "0-10")
    t.repo1.finish(answer.location(), digest_of(data)).status_is(201)


@test("C-12 over TLS HTTP/2 is spoken too")
def http2(t):
    if not t.target.secure:
        return
    curl = shutil.which("curl")
    expect(curl, "no curl")
    data = random_blob(3 << 20)
    digest = t.repo1.push_blob(data)
    command = [curl, "-s", "--http2", "-o", "-", "-w", "%{stderr}%{http_version} %{http_code}",
               *(["--cacert", t.target.ca] if t.target.ca else ["-k"]), "-H", "@-",
               f"{t.target.url}{t.repo1.base}/blobs/{digest}"]
    header = f"Authorization: {t.client.authorization}\n" if t.client.authorization else "X-None: 1\n"
    done = subprocess.run(command, input=header.encode(), capture_output=True, timeout=60, check=False)
    expect(done.stderr == b"2 200", f"curl: {done.stderr!r}")
    expect(done.stdout == data, f"{len(done.stdout)} bytes of {len(data)}")


@test("6.1 version headers in requests are ignored")
def request_headers(t):
    t.client.send("GET", "/v2/", headers={"Docker-Distribution-API-Version": "registry/2.0"}).status_is(200)


@test("O-2 the parameter ns is ignored where the registry mirrors nobody")
def namespace_parameter(t):
    content = t.repo1.push(image(), "with-ns")
    t.repo1.get("with-ns?ns=docker.io").status_is(200).body_is(content.data)
    t.repo1.blob(f"{digest_of(content.config)}?ns=docker.io").status_is(200).body_is(content.config)


@test.cases("O-4 extensions are told at {path}", [
    {"path": "/v2/_oci/ext/discover"}, {"path": "/v2/{repo}/_oci/ext/discover"}])
def discovery(t, path):
    document = t.client.send("GET", path.format(repo=t.repo1.name)).status_is(200).json()
    names = [item.get("name") for item in document.get("extensions", [])]
    expect("_openshift" in names, f"extensions: {names}")
    item = document["extensions"][names.index("_openshift")]
    expect(isinstance(item.get("url"), str) and isinstance(item.get("description"), str), f"{item}")
    expect(any("signatures" in place for place in item.get("endpoints", [])), f"{item}")


@test("C-6 forwarded headers of a stranger change no address")
def forwarded(t):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https"}
    answer = t.repo1.send("POST", "/blobs/uploads/", b"", headers).status_is(202)
    expect("evil" not in str(answer.headers), f"{answer}: {answer.headers}")
    answer = t.anonymous().send("GET", "/v2/", headers=headers)
    expect("evil" not in str(answer.headers), f"{answer}: {answer.headers}")


@test("C-13 a Host that is none of ours changes no address")
def strange_host(t):
    with t.raw() as raw:
        raw.send((f"POST {t.repo1.base}/blobs/uploads/ HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n"
                  f"{'Authorization: ' + raw.authorization + chr(13) + chr(10) if raw.authorization else ''}\r\n").encode())
        raw.method, raw.path = "POST", "/blobs/uploads/"
        answer = raw.answer()
    expect(answer.status != 202 or re.match("/v2/", answer.get("Location")), f"{answer}: {answer.get('Location')}")


@test("P-2 many HEADs, which clients make most, are answered side by side")
def many_heads(t):
    content = t.repo1.push(image(), "heads")
    connections = [t.raw() for _ in range(50)]
    try:
        for raw in connections:
            raw.begin("HEAD", f"{t.repo1.base}/manifests/heads", {"Accept": "*/*"})
        for raw in connections:
            raw.answer().status_is(200).header("Docker-Content-Digest", content.digest)
    finally:
        for raw in connections:
            raw.socket.close()
    eventually(lambda: t.client.send("GET", "/v2/").status == 200, "the server answers")
