"""The list of repositories (1.13)."""
import urllib.parse

from lib.answer import equal, expect
from lib.content import image, unique
from lib.register import group

test = group("catalog")


def made(t, count=5):
    """Repositories side by side in the list."""
    prefix = f"catalog-{unique()}"
    names = [f"{t.namespace}/{prefix}-{number}" for number in range(count)]
    for name in reversed(names):
        t.repository(name.split("/")[1]).push(image(0), "v1")
    return names


def all_names(t, path="/v2/_catalog?n=1000"):
    found = []
    while path:
        answer = t.client.send("GET", path).status_is(200)
        found += answer.json()["repositories"]
        path = answer.link()
    return found


@test("A-2 the list holds every repository once, in order")
def listed(t):
    names = made(t)
    found = all_names(t)
    equal(found, sorted(set(found)), "the order")
    equal([name for name in found if name in names], names, "the repositories just made")


@test("A-1 without n at most 100 come")
def default(t):
    answer = t.client.send("GET", "/v2/_catalog").status_is(200).header("Content-Type", "application/json")
    expect(len(answer.json()["repositories"]) <= 100, "more than 100")


@test("A-4 in pages of two every repository comes once")
def paged(t):
    names = made(t)
    path, found = f"/v2/_catalog?n=2&last={names[0][:-1]}", []
    while path and len(found) < 5:
        answer = t.client.send("GET", path).status_is(200)
        page = answer.json()["repositories"]
        expect(len(page) <= 2, f"{answer}: more than two")
        found, path = found + page, answer.link()
    equal(found[:5], names, "five of them")


@test("A-4 last need not exist")
def last(t):
    names = made(t)
    query = urllib.parse.urlencode({"last": names[1] + "a", "n": 2})
    equal(t.client.send("GET", f"/v2/_catalog?{query}").json()["repositories"], names[2:4], "two after a gap")


@test("T-5 the link is relative, and its parameters are encoded")
def link(t):
    names = made(t, 3)
    query = urllib.parse.urlencode({"last": names[0][:-1], "n": 1})
    path = t.client.send("GET", f"/v2/_catalog?{query}").status_is(200).link()
    expect(path and path.startswith("/v2/_catalog?"), f"link: {path}")
    fields = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    equal(fields, {"last": [names[0]], "n": ["1"]}, "the link's parameters")


@test("A-1 n=0 is an empty list")
def zero(t):
    made(t, 1)
    equal(t.client.send("GET", "/v2/_catalog?n=0").status_is(200).json()["repositories"], [], "n=0")


@test.cases("A-1 n={n} is 400 PAGINATION_NUMBER_INVALID", [{"n": n} for n in ("5000", "1001", "-1", "x", "", "1.5")])
def bad_number(t, n):
    t.client.send("GET", f"/v2/_catalog?n={n}").error(400, "PAGINATION_NUMBER_INVALID")


@test("A-1 n=1000 is taken")
def largest(t):
    t.client.send("GET", "/v2/_catalog?n=1000").status_is(200)


@test("1.1 HEAD is GET without a body")
def head(t):
    t.client.send("HEAD", "/v2/_catalog").status_is(200).body_is(b"").header("Content-Type", "application/json")
