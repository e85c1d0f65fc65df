"""What every answer below /v2/ must keep to, looked for in all answers that the other tests have caused (1.1)."""
import re

from lib.answer import Failure, expect
from lib.content import ABSENT
from lib.register import group

test = group("conventions", last=True)


def routed(answer):
    """Whether the request was small enough to get as far as the registry."""
    return len(answer.path) < 8000


def every(t, rule, holds, select=lambda answer: True):
    """Holds the rule against all answers; a run of these tests alone makes a few itself."""
    t.client.send("GET", "/v2/")
    t.anonymous().send("GET", f"{t.repo1.base}/tags/list")
    t.client.send("GET", f"{t.repo1.base}/blobs/{ABSENT['sha256']}")
    t.client.send("POST", f"{t.repo1.base}/blobs/uploads/")
    broken = [answer for answer in list(t.observer.answers) if routed(answer) and select(answer) and not holds(answer)]
    if broken:
        raise Failure(f"{rule}: {len(broken)} answers, such as {broken[0]} with {broken[0].headers}")


@test("C-1 every answer has the version header, once")
def version(t):
    every(t, "version", lambda a: a.all("Docker-Distribution-Api-Version") == ["registry/2.0"])


@test("C-2 every answer says that signatures are supported, once")
def signatures(t):
    every(t, "signatures", lambda a: a.all("X-Registry-Supports-Signatures") == ["1"])


def is_document(answer):
    try:
        return answer.get("Content-Type") == "application/json" and len(answer.errors()) > 0
    except Failure:
        return False


@test("C-3 every refusal is an error document of the type application/json")
def documents(t):
    every(t, "errors", is_document, lambda a: a.status >= 400 and a.method != "HEAD")


@test("C-3 no answer to HEAD has a body")
def heads(t):
    every(t, "HEAD", lambda a: a.body == b"", lambda a: a.method == "HEAD")


@test("C-6 every Location and Link is relative to the host, and none begins with two slashes")
def relative(t):
    every(t, "Location", lambda a: all(re.match(r"/v2/", value) for value in a.all("Location")))
    every(t, "Link", lambda a: all(re.match(r"</v2/", value) for value in a.all("Link")))


@test("C-8 no type of a manifest, a list or a blob has parameters")
def types(t):
    every(t, "type", lambda a: ";" not in (a.get("Content-Type") or ""),
          lambda a: a.status < 400 and "multipart/" not in (a.get("Content-Type") or ""))


@test("C-9 no content coding is applied")
def codings(t):
    every(t, "coding", lambda a: a.get("Content-Encoding") is None)


@test("C-10 every answer has an identifier")
def identifiers(t):
    every(t, "X-Request-Id", lambda a: len(a.all("X-Request-Id")) == 1)


@test("U-6 no answer of an upload says 0--1")
def ranges(t):
    every(t, "Range", lambda a: re.fullmatch(r"0-[0-9]+", a.get("Range")), lambda a: a.get("Range") is not None)


@test("1.3 every code is one of the table, with a status of its row")
def codes(t):
    rows = {"BLOB_UNKNOWN": {404}, "BLOB_UPLOAD_INVALID": {400, 404, 409}, "BLOB_UPLOAD_UNKNOWN": {404},
            "DIGEST_INVALID": {400}, "MANIFEST_BLOB_UNKNOWN": {400}, "MANIFEST_INVALID": {400, 413}, "MANIFEST_UNKNOWN": {404},
            "MANIFEST_UNVERIFIED": {400}, "NAME_INVALID": {400, 404}, "NAME_UNKNOWN": {404}, "PAGINATION_NUMBER_INVALID": {400},
            "RANGE_INVALID": {416, 400}, "SIZE_INVALID": {400}, "TAG_INVALID": {400, 414}, "UNAUTHORIZED": {401},
            "DENIED": {403, 412}, "UNSUPPORTED": {405, 415, 404, 409, 400, 414}, "TOOMANYREQUESTS": {429}, "UNAVAILABLE": {503},
            "OPENSHIFT_PULLTHROUGH_MANIFEST": {404}, "SIGNATURE_INVALID": {400}, "SIGNATURE_EXISTS": {409},
            # What is no route is 404, whatever it begins with (C-4).
            # Two Authorization headers (C-13), and a conflict that stays (N-12), have no row of their own.
            "UNKNOWN": {400, 409, 500}}

    def fits(answer):
        try:
            return all(answer.status in rows.get(error["code"], ()) for error in answer.errors()[:1])
        except Failure:
            return False

    every(t, "code", fits, lambda a: 400 <= a.status and a.method != "HEAD")


@test("1.3 nothing was an internal error")
def internal(t):
    every(t, "5xx", lambda a: a.status < 500)


@test("C-10 no answer repeats the password")
def secrets(t):
    expect(t.password is None or len(t.password) > 5, "the password is too short to look for it")
    every(t, "password", lambda a: t.password is None or (
        t.password.encode() not in a.body and t.password not in str(a.headers)))
