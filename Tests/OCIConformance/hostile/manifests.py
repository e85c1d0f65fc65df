"""Manifests by somebody who means harm (9.6)."""
import json
import time

from lib.answer import expect
from lib.content import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, Content, artifact, descriptor, digest_of, image, index
from lib.register import group

test = group("hostile manifests")


def lives(t):
    content = t.repo1.push(image(0), "alive")
    t.repo1.get("alive").status_is(200).body_is(content.data)


def within(seconds, what):
    """A bound on time, generous: it stands for `not quadratic`."""
    began = time.monotonic()

    class Bound:
        def __enter__(self):
            return self

        def __exit__(self, kind, *_):
            taken = time.monotonic() - began
            expect(kind is not None or taken < seconds, f"{what} took {taken:.1f} s")
    return Bound()


def put(t, data, kind=OCI_MANIFEST, statuses=(400,)):
    with within(15, "the PUT"):
        answer = t.repo1.put("hostile", data, kind).status_is(*statuses)
    if answer.status >= 400:
        answer.error(answer.status)
    lives(t)
    return answer


@test("9.6 44,000 layers that are not there, as many as 4 MiB hold: bounded time, a bounded answer")
def many_missing(t):
    # Short, so that many fit into 4 MiB.
    layers = ",".join('{"size":1,"digest":"sha256:%064x"}' % number for number in range(44_000))
    config = descriptor(b"{}", OCI_EMPTY)
    t.repo1.push_blob(b"{}")
    data = ('{"schemaVersion":2,"config":%s,"layers":[%s]}' % (json.dumps(config), layers)).encode()
    expect(len(data) <= 4 << 20, f"{len(data)} bytes")
    answer = put(t, data)
    expect(len(answer.body) < 20 << 20, f"an answer of {len(answer.body)} bytes")


@test("9.6 the same layer 40,000 times is taken, refused, or limited, in bounded time")
def same_layer(t):
    digest = t.repo1.push_blob(b"layer")
    layers = ",".join('{"mediaType":"a/b","size":5,"digest":"%s"}' % digest for _ in range(36_000))
    t.repo1.push_blob(b"{}")
    data = '{"schemaVersion":2,"config":%s,"layers":[%s]}' % (json.dumps(descriptor(b"{}", OCI_EMPTY)), layers)
    answer = put(t, data.encode(), statuses=(201, 400, 413))
    if answer.status == 201:
        with within(10, "the GET"):
            t.repo1.get("hostile").status_is(200).body_is(data.encode())


@test("9.6 an index of 45,000 children that are not there is taken or refused, in bounded time")
def many_children(t):
    entries = ",".join('{"size":1,"digest":"sha256:%064x"}' % number for number in range(45_000))
    data = ('{"schemaVersion":2,"manifests":[%s]}' % entries).encode()
    answer = put(t, data, OCI_INDEX, (201, 400, 413))
    if answer.status == 201:
        with within(10, "reading and deleting it"):
            t.repo1.get("hostile").status_is(200).body_is(data)
            t.repo1.delete(digest_of(data)).status_is(202)


@test.cases("9.6 {what} are refused", [
    {"what": what, "data": data} for what, data in (
        ("two million open brackets", b"[" * 2_000_000), ("two million open braces", b'{"a":' * 400_000),
        ("deep objects in an annotation's place", b'{"schemaVersion":2,"annotations":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
        ("three million digits", b'{"schemaVersion":' + b"2" * 3_000_000 + b"}"),
        ("three megabytes of blanks", b" " * 3_000_000), ("a string without end", b'{"schemaVersion":2,"a":"' + b"x" * 3_000_000),
        ("surrogates without partners", b'{"schemaVersion":2,"config":{"mediaType":"\\ud800"}}'),
        ("zero bytes", b"\0" * 100_000))])
def nonsense(t, what, data):
    put(t, data)


SIZES = ("1e400", "9223372036854775808", "-1", "1.5", '"5"', "null", "true", "1e2147483648", "18446744073709551621")


@test.cases("9.6 a layer of the size {size} is refused", [{"size": size} for size in SIZES])
def sizes(t, size):
    t.repo1.push_blob(b"{}")
    digest = t.repo1.push_blob(b"layer")
    layer = '{"mediaType":"a/b","digest":"%s","size":%s}' % (digest, size)
    put(t, ('{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' % (
        OCI_MANIFEST, json.dumps(descriptor(b"{}", OCI_EMPTY)), layer)).encode())


@test("9.6 sizes that add up to more than a number holds are refused")
def sum_of_sizes(t):
    t.repo1.push_blob(b"{}")
    kind = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    layers = [{"mediaType": kind, "digest": f"sha256:{number:064x}", "size": 9223372036854775807} for number in range(3)]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(b"{}", OCI_EMPTY), "layers": layers}
    put(t, json.dumps(document).encode(), statuses=(201, 400))


@test("9.6 members that occur twice do not make one check and another use")
def doubled(t):
    repository = t.repository()
    content = repository.push(image(1))
    other = descriptor(b"never pushed", "a/b")
    text = content.data.decode()
    doubled = text.replace('"config":', '"config": %s, "config":' % json.dumps(other), 1)
    first = repository.put("first", doubled.encode()).status_is(201, 400)
    reverse = text.rstrip()[:-1] + ', "config": %s}' % json.dumps(other)
    second = repository.put("second", reverse.encode()).status_is(201, 400)
    expect(not (first.status == 201 and second.status == 201), "a missing config was taken")


@test("9.6 indexes in indexes, twelve deep, end")
def nested(t):
    repository = t.repository()
    content = repository.push(image(0))
    with within(20, "twelve levels"):
        for _ in range(12):
            content = index([content])
            for reference in (content.digest, "deep"):
                repository.put(reference, content).status_is(201, 400)
        repository.get("deep").status_is(200)
    lives(t)


@test("9.6 an index whose children are all the same, eight levels of ten, is no exponential walk")
def exponential(t):
    repository = t.repository()
    content = repository.push(image(0))
    with within(20, "eight levels of ten"):
        for _ in range(8):
            entries = [content.descriptor(annotations={"n": str(number)}) for number in range(10)]
            content = Content({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, OCI_INDEX)
            repository.put(content.digest, content).status_is(201)
        repository.put("wide", content).status_is(201)
        repository.get("wide").status_is(200)
        repository.delete(content.digest).status_is(202)
    lives(t)


@test("9.6 many referrers of one subject: pages, in bounded time")
def many_referrers(t):
    repository = t.repository()
    subject = repository.push(image(0), "v1")
    first = artifact(subject, layers=[])
    for data in first.blobs:
        repository.push_blob(data)
    pushed = []
    for _ in range(600):
        content = artifact(subject, layers=[])
        repository.put(content.digest, content).status_is(201)
        pushed.append(content.digest)
    with within(10, "all pages"):
        path, found = f"{repository.base}/referrers/{subject.digest}?n=100", []
        while path and len(found) < 5000:
            answer = t.client.send("GET", path).status_is(200)
            found += [item["digest"] for item in answer.json()["manifests"]]
            path = answer.link()
    expect(sorted(found) == sorted(pushed), f"{len(found)} of {len(pushed)}")


@test("9.6 annotations and types that would break headers or lists come back as they are, or are refused")
def odd_text(t):
    repository = t.repository()
    subject = repository.push(image(0))
    for text in ("a\r\nX-Evil: 1", "\u0000", "</script>", "ü\u2028", "x" * 100_000, '"', "\\"):
        content = artifact(subject, artifact_type=text, annotations={text: text})
        for data in content.blobs:
            repository.push_blob(data)
        answer = repository.put(content.digest, content).status_is(201, 400)
        expect(answer.get("X-Evil") is None, "a header was made")
    answer = repository.referrers(subject.digest).status_is(200)
    answer.json()
    expect(answer.get("X-Evil") is None, "a header was made")
    path = "artifactType=a%0d%0aX-Evil:%201"
    answer = repository.send("GET", f"/referrers/{subject.digest}?{path}&n=1").status_is(200, 400)
    expect(answer.get("X-Evil") is None, "a header was made")


@test("9.6 a media type that would break a header is refused")
def odd_type(t):
    content = image(0)
    t.repo1.push_blob(content.config)
    for kind in ("application/x+json\r\nX-Evil: 1", "application/\u0000+json", "application/ü+json"):
        document = {**content.document, "mediaType": kind}
        t.repo1.send("PUT", "/manifests/odd", json.dumps(document).encode()).error((400, 415))
