"""What fills a server: a client of its API, and names that look like those of images."""
import hashlib
import http.client
import json
import ssl
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

REPOSITORY = "registry.example.com/app"
API = "/apis/image.openshift.io/v1"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
THREADS = 8


def digest(*parts):
    return "sha256:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def layers(number):
    return [{"name": digest(number, n), "size": 1000 + n, "mediaType": LAYER} for n in range(8)]


def history(tags):
    """Of a stream, from pairs of tag and image."""
    return [{"tag": tag, "items": [{"created": "2026-01-20T10:00:00Z", "image": image, "generation": 1,
                                    "dockerImageReference": f"{REPOSITORY}@{image}"}]} for tag, image in tags]


class Client:
    def __init__(self, url, token_file):
        self.address = urllib.parse.urlsplit(url)
        with open(token_file) as token:
            self.headers = {"Authorization": f"Bearer {token.read().strip()}", "Content-Type": "application/json",
                            "User-Agent": "fill/1"}
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = (http.client.HTTPSConnection(self.address.netloc, context=context)
                           if self.address.scheme == "https" else http.client.HTTPConnection(self.address.netloc))

    def send(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300 and answer.status != 409:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def create_namespace(self, name):
        self.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def create_stream(self, namespace, stream, tags):
        """Creates a stream and gives it a history."""
        streams = f"{API}/namespaces/{namespace}/imagestreams"
        created = self.send("POST", streams, stream)
        if created.get("kind") == "ImageStream":
            created["status"]["tags"] = history(tags)
            self.send("PUT", f"{streams}/{created['metadata']['name']}/status", created)

    def size(self, path):
        """Bytes of an object's JSON."""
        return len(json.dumps(self.send("GET", path), separators=(",", ":")))


def in_parallel(url, token_file, work, count):
    """Calls `work` with a client and each number below `count`, in some order."""
    def share(first):
        client = Client(url, token_file)
        for number in range(first, count, THREADS):
            work(client, number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(share, range(THREADS)))
