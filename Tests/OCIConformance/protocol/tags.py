"""Lists of tags (1.12)."""
import urllib.parse
from lib.answer import equal, expect
from lib.content import image
from lib.register import group

test = group("tags")
# Byte-wise: digits, capitals, underscore, small letters.
NAMES = ["0", "10", "2", "A", "Z.9", "_", "a", "a-1", "a.1", "aa", "b", "latest", "z"]


def filled(t, names=NAMES):
    repository = t.repository()
    content = image(0)
    repository.push(content)
    # Not in their order.
    for name in sorted(names, key=lambda name: name[::-1]):
        repository.put(name, content).status_is(201)
    return repository


def pages(t, path, limit=100):
    """Every page's tags, by following `Link`."""
    found = []
    while path and len(found) < limit:
        answer = t.client.send("GET", path).status_is(200)
        found.append(answer.json()["tags"])
        path = answer.link()
    return found


@test("T-1 the list names the repository and its tags")
def names(t):
    repository = filled(t)
    answer = repository.tags().status_is(200).header("Content-Type", "application/json").header("Link", None)
    equal(answer.json(), {"name": repository.name, "tags": NAMES}, "the list")


@test("T-2 tags are in the order of their bytes")
def order(t):
    equal(filled(t).tag_names(), sorted(NAMES), "the order")


@test("T-1 a stream without tags has an empty list")
def empty(t):
    repository = t.repository()
    repository.push(image(), "v1")
    repository.delete("v1").status_is(202)
    equal(repository.tags().status_is(200).json(), {"name": repository.name, "tags": []}, "the list")


@test("2.3 pushes by digest alone add no tag")
def digests(t):
    repository = t.repository()
    repository.push(image())
    equal(repository.tags().status_is(200).json()["tags"], [], "tags")


@test("T-6 a stream that does not exist is 404 NAME_UNKNOWN with its name in the details")
def no_stream(t):
    repository = t.repository()
    answer = repository.tags().error(404, "NAME_UNKNOWN")
    equal(answer.errors()[0].get("detail"), {"name": repository.name}, "the detail")


@test.cases("T-3 last={last} gives the tags after it", [
    {"last": last} for last in ("", "0", "1", "A", "B", "_", "a", "a-", "a-1", "aaa", "y", "z", "zz")])
def last(t, last):
    repository = filled(t)
    found = repository.tags(last=last).status_is(200).json()["tags"]
    equal(found, [name for name in NAMES if name > last], f"after {last!r}")


@test.cases("T-5 in pages of {n} every tag comes once, and the last page has no link", [
    {"n": n} for n in (1, 2, 5, 12, 13, 14, 1000)])
def paged(t, n):
    repository = filled(t)
    found = pages(t, f"{repository.base}/tags/list?n={n}")
    equal([name for page in found for name in page], NAMES, "all pages")
    expect(all(len(page) == n for page in found[:-1]) and 0 < len(found[-1]) <= n, f"pages of {[len(p) for p in found]}")


@test("T-5 the link is relative, keeps n, and names the last tag of the page")
def link(t):
    repository = filled(t)
    path = repository.tags(n=3).status_is(200).link()
    expect(path and path.startswith(f"{repository.base}/tags/list?"), f"link: {path}")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    expect(query.get("n") == ["3"] and query.get("last") == [NAMES[2]], f"link: {path}")


@test("T-3 n and last together")
def both(t):
    repository = filled(t)
    equal(repository.tags(n=2, last="A").status_is(200).json()["tags"], ["Z.9", "_"], "two after A")


@test("T-4 n=0 is an empty list without a link")
def zero(t):
    answer = filled(t, ["a", "b"]).tags(n=0).status_is(200).header("Link", None)
    equal(answer.json()["tags"], [], "tags")


@test.cases("T-4 n={n} is 400 PAGINATION_NUMBER_INVALID", [
    {"n": n} for n in ("-1", "x", "1.5", "", "1e3", "0x10", "+-1", "99999999999999999999999x")])
def bad_number(t, n):
    repository = filled(t, ["a"])
    repository.tags(n=n).error(400, "PAGINATION_NUMBER_INVALID")


@test("T-4 a large n is cut to what the server gives, and not refused")
def large(t):
    repository = filled(t)
    for n in (1001, 10_000, 2_147_483_647):
        equal(repository.tags(n=n).status_is(200).json()["tags"], NAMES, f"n={n}")


@test("T-4 with n above 1000 at most 1000 come, with a link; without n all come")
def many(t):
    repository = t.repository()
    content = repository.push(image(0))
    names = [f"t{number:04}" for number in range(1050)]
    for start in range(0, len(names), 42):
        repository.put(content.digest, content, tag=names[start:start + 42]).status_is(201)
    answer = repository.tags(n=10_000).status_is(200)
    equal(len(answer.json()["tags"]), 1000, "tags of the first page")
    expect(answer.link(), "no link to the rest")
    equal(repository.tags().status_is(200).json()["tags"], names, "without n")
    equal([n for page in pages(t, f"{repository.base}/tags/list?n=400") for n in page], names, "pages of 400")


@test("T-7 HEAD is GET without a body")
def head(t):
    repository = filled(t, ["a"])
    get = repository.tags()
    answer = repository.send("HEAD", "/tags/list").status_is(200).body_is(b"")
    answer.header("Content-Type", "application/json").header("Content-Length", get.get("Content-Length"))
