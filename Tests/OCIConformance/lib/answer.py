"""What a server answered, and what a test may expect of it."""
import json
import re


class Failure(AssertionError):
    """An expectation that did not hold; its text is the report."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def equal(seen, wanted, what):
    if seen != wanted:
        raise Failure(f"{what}: {short(seen)}, expected {short(wanted)}")


def short(value, limit=300):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


class Answer:
    """Every expectation returns the answer, so that they can be chained."""

    def __init__(self, method, path, status, headers, body):
        self.method, self.path, self.status = method, path, status
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    def __str__(self):
        body = self.body[:1000].decode("utf-8", "replace") if self.body[:1] in (b"{", b"[", b"<") or self.status >= 400 else (
            f"({len(self.body)} bytes)" if self.body else "")
        return f"{self.method} {short(self.path, 160)} → {self.status} {short(body, 240)}".rstrip()

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failure(f"{self}: the body is no JSON: {error}") from None

    def status_is(self, *statuses):
        expect(self.status in statuses, f"{self}, expected {' or '.join(map(str, statuses))}")
        return self

    def header(self, name, wanted):
        """Exactly one header of this name with this value; a compiled pattern must match all of it; None: absent."""
        values = self.all(name)
        if wanted is None:
            expect(not values, f"{self}: {name}: {values}, expected none")
            return self
        expect(len(values) == 1, f"{self}: {name}: {values or 'missing'}, expected {wanted!r} once")
        good = wanted.fullmatch(values[0]) if isinstance(wanted, re.Pattern) else values[0] == wanted
        expect(good, f"{self}: {name}: {values[0]!r}, expected {wanted!r}")
        return self

    def body_is(self, wanted):
        expect(self.body == wanted, f"{self}: the body has {len(self.body)} bytes, expected other {len(wanted)}")
        return self

    def error(self, status, code=None, count=None):
        """An error document (C-3) whose first code is this one."""
        statuses = status if isinstance(status, tuple) else (status,)
        codes = code if isinstance(code, tuple) else (code,)
        self.status_is(*statuses)
        if self.method == "HEAD":
            expect(self.body == b"", f"{self}: the answer to HEAD has a body")
            return self
        errors = self.errors()
        expect(errors, f"{self}: no errors in the document")
        expect(code is None or errors[0]["code"] in codes, f"{self}: code {errors[0]['code']}, expected {code}")
        expect(count is None or len(errors) == count, f"{self}: {len(errors)} errors, expected {count}")
        return self

    def errors(self):
        """The errors of the document, which must have its form. (Its exact type is asked for once, under `conventions`.)"""
        self.header("Content-Type", re.compile("application/json(;.*)?"))
        document = self.json()
        expect(isinstance(document, dict) and isinstance(document.get("errors"), list), f"{self}: no error document")
        for item in document["errors"]:
            good = isinstance(item, dict) and re.fullmatch(r"[A-Z_]+", str(item.get("code")))
            if not good or not isinstance(item.get("message"), str):
                raise Failure(f"{self}: {short(item)} is no error of a document")
        return document["errors"]

    def details(self):
        """The error document's details as text, to look for a digest or a reason in it."""
        return json.dumps([[item["message"], item.get("detail")] for item in self.errors()])

    def location(self):
        """The place named by `Location`, relative to the host (C-6)."""
        value = self.get("Location")
        expect(value, f"{self}: no Location")
        match = re.fullmatch(r"(?:https?://[^/]+)?(/[^/].*|/)", value)
        expect(match, f"{self}: Location {value!r}")
        return match.group(1)

    def link(self):
        """The target of the one `Link` with rel=next, or None."""
        values = self.all("Link")
        if not values:
            return None
        expect(len(values) == 1, f"{self}: {len(values)} Link headers")
        match = re.fullmatch(r'<(/v2/[^>]*)>; *rel="next"', values[0])
        expect(match, f"{self}: Link {values[0]!r}")
        return match.group(1)
