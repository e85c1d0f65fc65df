"""One repository as one identity sees it."""
import json
import urllib.parse

from .answer import Failure
from .content import OCI_INDEX, OCI_MANIFEST, digest_of

OCTETS = {"Content-Type": "application/octet-stream"}
ALL_TYPES = [("Accept", kind) for kind in (
    OCI_INDEX, OCI_MANIFEST, "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.artifact.manifest.v1+json")]


def with_query(path, **parameters):
    """The path with further parameters; those it has stay."""
    pairs = [(name.replace("_", "-"), value) for name, values in parameters.items()
             for value in (values if isinstance(values, list) else [values])]
    return path + ("&" if "?" in path else "?") + urllib.parse.urlencode(pairs, safe=":/") if pairs else path


class Repository:
    def __init__(self, client, name):
        self.client, self.name = client, name
        self.base = f"/v2/{name}"

    def send(self, method, path, body=b"", headers=(), **options):
        return self.client.send(method, self.base + path, body, headers, **options)

    # Blobs

    def start(self, **query):
        """The place of a new upload."""
        answer = self.send("POST", with_query("/blobs/uploads/", **query), b"", {"Content-Length": "0"})
        return answer.status_is(202).location()

    def finish(self, place, digest, body=b"", headers=(), **options):
        return self.client.send("PUT", with_query(place, digest=digest), body, headers or OCTETS, **options)

    def append(self, place, body, start=None, headers=(), **options):
        """With `start`, a chunk that says where it belongs."""
        headers = dict(headers or OCTETS)
        if start is not None:
            headers["Content-Range"] = f"{start}-{start + len(body) - 1}"
        return self.client.send("PATCH", place, body, headers, **options)

    def push_blob(self, data, algorithm="sha256"):
        digest = digest_of(data, algorithm)
        self.finish(self.start(), digest, data).status_is(201)
        return digest

    def blob(self, digest, method="GET", headers=(), **options):
        return self.send(method, f"/blobs/{digest}", b"", headers, **options)

    # Manifests

    def put(self, reference, content, kind=None, headers=(), tag=()):
        """`content` is a `Content`, or bytes, or what becomes JSON."""
        data = getattr(content, "data", content)
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        kind = kind or getattr(content, "kind", OCI_MANIFEST)
        headers = [*(headers.items() if isinstance(headers, dict) else headers), ("Content-Type", kind)]
        path = f"/manifests/{reference}"
        return self.send("PUT", with_query(path, tag=list(tag)) if tag else path, data, headers)

    def get(self, reference, headers=ALL_TYPES, **options):
        return self.send("GET", f"/manifests/{reference}", b"", headers, **options)

    def head(self, reference, headers=ALL_TYPES, **options):
        return self.send("HEAD", f"/manifests/{reference}", b"", headers, **options)

    def delete(self, reference, headers=()):
        return self.send("DELETE", f"/manifests/{reference}", b"", headers)

    def push(self, content, *tags, algorithm="sha256"):
        """All of a content, children first; then its tags, or its digest where there are none."""
        for child in content.children:
            self.push(child, algorithm=algorithm)
        for data in content.blobs:
            self.push_blob(data, algorithm)
        for reference in tags or [content.digest]:
            self.put(reference, content).status_is(201)
        return content

    # Lists

    def tags(self, **query):
        return self.send("GET", with_query("/tags/list", **query))

    def tag_names(self):
        """All tags, page by page."""
        names, path = [], self.base + "/tags/list"
        for _ in range(1000):
            answer = self.client.send("GET", path).status_is(200)
            names += answer.json()["tags"]
            path = answer.link()
            if path is None:
                return names
        raise Failure(f"{self.base}: the list of tags does not end")

    def referrers(self, digest, **query):
        return self.send("GET", with_query(f"/referrers/{digest}", **query))

    def referrer_digests(self, digest, **query):
        return [item["digest"] for item in self.referrers(digest, **query).status_is(200).json()["manifests"]]
