"""A client of registries that costs little: the figures are to be the server's."""
import hashlib
import json
import os
import socket
import time
from multiprocessing import get_context


class Connection:
    """One connection of HTTP/1.1, kept open."""

    def __init__(self, port, headers):
        self.port = port
        self.fixed = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method, path, body=b"", kind="application/octet-stream"):
        """Returns the status and the lower-case head."""
        head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{self.fixed}Content-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        self.socket.sendall(head.encode() + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.receive()
        head, rest = received.split(b"\r\n\r\n", 1)
        head = head.decode()
        length = 0
        for line in head.split("\r\n"):
            if line.lower().startswith("content-length:"):
                length = int(line.split(":")[1])
        if method == "HEAD":
            length = 0
        while len(rest) < length:
            rest += self.receive()
        return int(head.split(" ", 2)[1]), head

    def receive(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server has closed the connection")
        return piece

    def location(self, head):
        """The path of the Location header, whichever of its forms it has."""
        for line in head.split("\r\n"):
            if line.lower().startswith("location:"):
                value = line.split(":", 1)[1].strip()
                return value[value.index("/", 8):] if value.startswith("http") else value
        raise ValueError(head)

    def expect(self, status, *request, **more):
        answer, head = self.request(*request, **more)
        if answer != status:
            raise ValueError(f"{request[:2]}: {answer} instead of {status}\n{head}")
        return head

    def push_blob(self, repository, content):
        """As docker, podman and crane do: look, begin, send, finish."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.expect(404, "HEAD", f"/v2/{repository}/blobs/{digest}")
        place = self.location(self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/"))
        place = self.location(self.expect(202, "PATCH", place, content))
        self.expect(201, "PUT", place + ("&" if "?" in place else "?") + "digest=" + digest)
        return {"digest": digest, "size": len(content)}

    def push_image(self, repository, tag, layers=20, size=10_000):
        layer = "application/vnd.oci.image.layer.v1.tar+gzip"
        pushed = [self.push_blob(repository, os.urandom(size)) | {"mediaType": layer} for _ in range(layers)]
        content = {"architecture": "amd64", "os": "linux", "author": os.urandom(8).hex(),
                   "rootfs": {"type": "layers", "diff_ids": [item["digest"] for item in pushed]}}
        config = self.push_blob(repository, json.dumps(content).encode())
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": pushed,
                               "config": config | {"mediaType": "application/vnd.oci.image.config.v1+json"}}).encode()
        self.expect(201, "PUT", f"/v2/{repository}/manifests/{tag}", manifest, kind)
        return manifest


def _push(port, headers, repository, seconds, results):
    connection = Connection(port, headers)
    end = time.time() + seconds
    count = 0
    try:
        while time.time() < end:
            connection.push_image(repository, f"v{count % 10}")
            count += 1
        results.put(count)
    except Exception as error:  # pylint: disable=broad-except
        results.put(str(error))


def push_images(port, headers, clients, seconds, prefix="client"):
    """Images a second, pushed by so many clients at the same time, each to a repository of its own."""
    context = get_context("fork")
    results = context.Queue()
    begin = time.time()
    workers = [context.Process(target=_push, args=(port, headers, f"bench/{prefix}-{number}", seconds, results))
               for number in range(clients)]
    for worker in workers:
        worker.start()
    counts = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    duration = time.time() - begin
    for count in counts:
        if isinstance(count, str):
            raise SystemExit(count)
    return sum(counts) / duration, sum(counts)
