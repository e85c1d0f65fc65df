"""Fills a server with what the figures are taken from: 1,000 image streams of 20 tags in namespace bench, 5,000 images.

Usage: fill.py URL TOKEN_FILE
"""
import hashlib
import http.client
import json
import ssl
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

STREAMS, TAGS, IMAGES, THREADS = 1000, 20, 5000, 8
REPOSITORY = "registry.example.com/app"


def digest(*parts):
    return "sha256:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def image(number):
    layers = [{"name": digest(number, n), "size": 1000 + n, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
              for n in range(8)]
    return {"kind": "Image", "apiVersion": "image.openshift.io/v1", "metadata": {"name": digest(number)},
            "dockerImageReference": f"{REPOSITORY}@{digest(number)}", "dockerImageLayers": layers,
            "dockerImageMetadataVersion": "1.0"}


def stream(number):
    # References, which nobody imports: the figures are those of requests alone.
    tags = [{"name": f"v1.{n}", "from": {"kind": "DockerImage", "name": f"{REPOSITORY}:v1.{n}"}, "generation": 1,
             "reference": True, "importPolicy": {"importMode": "Legacy"}, "referencePolicy": {"type": "Source"}}
            for n in range(TAGS)]
    return {"kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
            "metadata": {"name": f"stream-{number:04}", "labels": {"app": f"app-{number % 10}"}}, "spec": {"tags": tags}}


def history(number):
    def item(tag):
        image = digest((number * TAGS + tag) % IMAGES)
        return {"created": "2026-01-20T10:00:00Z", "dockerImageReference": f"{REPOSITORY}@{image}", "image": image,
                "generation": 1}
    return [{"tag": f"v1.{n}", "items": [item(n)]} for n in range(TAGS)]


class Client:
    def __init__(self, url, token):
        self.address = urllib.parse.urlsplit(url)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "User-Agent": "fill/1"}
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


def main(url, token_file):
    token = open(token_file).read().strip()
    api = "/apis/image.openshift.io/v1"
    streams = f"{api}/namespaces/bench/imagestreams"
    Client(url, token).send("POST", "/api/v1/namespaces", {"metadata": {"name": "bench"}})

    def work(first):
        client = Client(url, token)
        for number in range(first, IMAGES, THREADS):
            client.send("POST", f"{api}/images", image(number))
        for number in range(first, STREAMS, THREADS):
            created = client.send("POST", streams, stream(number))
            if created.get("kind") != "ImageStream":
                continue
            created["status"]["tags"] = history(number)
            client.send("PUT", f"{streams}/stream-{number:04}/status", created)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    print(len(json.dumps(Client(url, token).send("GET", f"{streams}/stream-0000"), separators=(",", ":"))))


main(*sys.argv[1:])
