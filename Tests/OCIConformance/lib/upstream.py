"""A registry that streams import from: it counts what it is asked for, and can be told to misbehave."""
import base64
import http.server
import json
import re
import socket
import threading
from dataclasses import dataclass

from .content import digest_of, unique

LIMIT = 90  # Seconds that anything in here waits at most.


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict
    done: threading.Event

    def header(self, name):
        return self.headers.get(name.lower())


class Upstream:
    """Listens on 127.0.0.1 for plain HTTP, until `close`."""

    def __init__(self):
        self.lock, self.requests, self.rules = threading.Lock(), [], []
        self.manifests, self.tags, self.blobs, self.referrers = {}, {}, {}, {}
        self.scheme, self.accounts, self.tokens = None, {}, set()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.upstream = self
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        """Nobody answers from now on; connections that are open end."""
        self.server.shutdown()
        self.server.server_close()
        self.server.end_connections()

    # What it has.

    def push(self, name, content, *tags):
        """All of a content; returns it."""
        for child in content.children:
            self.push(name, child)
        for data in content.blobs:
            self.blobs[name, digest_of(data)] = data
        self.manifests[name, content.digest] = (content.data, content.kind)
        for tag in tags:
            self.tags[name, tag] = content.digest
        return content

    def refer(self, name, subject, content):
        self.push(name, content)
        self.claim(name, subject, content)
        return content

    def claim(self, name, subject, content):
        """Lists as a referrer what it does not have."""
        self.referrers.setdefault((name, subject), []).append(
            content.descriptor(artifactType=content.document.get("artifactType", "")))

    # How it answers.

    def demands(self, scheme, **accounts):
        """Credentials from now on: `basic` or `bearer`; and of whom."""
        self.scheme, self.accounts = scheme, accounts
        self.tokens.clear()

    def when(self, method, part, *behaviours):
        """The first requests with this in their path are answered so, the last behaviour is for all further ones."""
        with self.lock:
            self.rules.insert(0, (method, part, list(behaviours)))

    def behave(self):
        """As it should, from now on."""
        with self.lock:
            self.rules.clear()

    def behaviour(self, request):
        with self.lock:
            for method, part, behaviours in self.rules:
                if method == request.method and part in request.path:
                    return behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        return None

    # What it was asked.

    def asked(self, method=None, part=""):
        """The requests so far, pings and tokens aside."""
        with self.lock:
            return [request for request in self.requests if part in request.path and method in (None, request.method)]

    def count(self, method=None, part=""):
        return len(self.asked(method, part))

    def forget(self):
        with self.lock:
            self.requests.clear()

    def may_enter(self, handler):
        if self.scheme is None:
            return True
        scheme, _, value = (handler.headers.get("Authorization") or "").partition(" ")
        if self.scheme == "basic":
            return scheme.lower() == "basic" and self.knows(value)
        return scheme.lower() == "bearer" and value in self.tokens

    def knows(self, value):
        user, _, password = base64.b64decode(value or "").decode("utf-8", "replace").partition(":")
        return user in self.accounts and self.accounts[user] == password


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 256

    def __init__(self, *arguments):
        self.open, self.lock = set(), threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        with self.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def end_connections(self):
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def handle_error(self, request, client_address):
        pass  # Who it talks to may leave.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    PATH = re.compile(r"/v2/(.+)/(manifests|blobs|referrers)/([^/?]+)(?:\?.*)?")

    def log_message(self, *_):
        pass

    def handle(self):
        # The start of TLS, which is not spoken here. It may have no line end that could be waited for.
        if self.connection.recv(1, socket.MSG_PEEK) != b"\x16":
            super().handle()

    def do_GET(self):
        upstream = self.server.upstream
        if self.path.startswith("/token"):
            return self.give_token(upstream)
        if self.path in ("/v2", "/v2/"):
            return self.answer(200, b"{}") if upstream.may_enter(self) else self.refuse(upstream)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, threading.Event())
        with upstream.lock:
            upstream.requests.append(request)
        try:
            behaviour = upstream.behaviour(request)
            if behaviour is not None:
                return behaviour(self)
            return self.serve() if upstream.may_enter(self) else self.refuse(upstream)
        finally:
            request.done.set()

    do_HEAD = do_GET

    def refuse(self, upstream):
        if upstream.scheme == "basic":
            challenge = 'Basic realm="upstream"'
        else:
            challenge = f'Bearer realm="http://{upstream.host}/token",service="upstream"'
        self.answer(401, ERROR % b"UNAUTHORIZED", {"WWW-Authenticate": challenge, "Content-Type": "application/json"})

    def give_token(self, upstream):
        with upstream.lock:
            upstream.requests.append(Request("TOKEN", self.path, dict(self.headers.items()), threading.Event()))
        scheme, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "basic" or not upstream.knows(value):
            return self.answer(401, ERROR % b"UNAUTHORIZED", {"Content-Type": "application/json"})
        token = unique()
        upstream.tokens.add(token)
        self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode(), {"Content-Type": "application/json"})

    # What is there

    def found(self):
        """Bytes and type of what the path names; None where there is nothing."""
        match, upstream = self.PATH.fullmatch(self.path), self.server.upstream
        if not match:
            return None
        name, kind, reference = match.groups()
        if kind == "blobs":
            data = upstream.blobs.get((name, reference))
            return None if data is None else (data, "application/octet-stream")
        if kind == "referrers":
            document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                        "manifests": upstream.referrers.get((name, reference), [])}
            return json.dumps(document).encode(), document["mediaType"]
        return upstream.manifests.get((name, upstream.tags.get((name, reference), reference)))

    def serve(self):
        found = self.found()
        if found is None:
            code = b"BLOB_UNKNOWN" if "/blobs/" in self.path else b"MANIFEST_UNKNOWN"
            return self.answer(404, ERROR % code, {"Content-Type": "application/json"})
        data, kind = found
        headers = {"Content-Type": kind, "Docker-Content-Digest": digest_of(data)}
        ranged = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not ranged or "/blobs/" not in self.path:
            return self.answer(200, data, headers)
        first, last = int(ranged[1]), min(int(ranged[2] or len(data) - 1), len(data) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, data[first:last + 1], headers)

    def answer(self, status, data=b"", headers=(), length=None):
        """With a `length` that is not that of the data, the connection ends behind it."""
        self.send_response(status)
        headers = dict(headers)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in headers:
            self.send_header("Content-Length", str(len(data) if length is None else length))
        if length is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()
        if length is not None:
            self.close_connection = True


ERROR = b'{"errors":[{"code":"%s","message":"no"}]}'


# Behaviours


def normal(handler):
    handler.serve()


CODES = {401: b"UNAUTHORIZED", 403: b"DENIED", 404: b"MANIFEST_UNKNOWN", 429: b"TOOMANYREQUESTS"}


def status(code, headers=()):
    """A refusal with its document."""
    body = ERROR % CODES.get(code, b"UNKNOWN")
    return lambda handler: handler.answer(code, body, {"Content-Type": "application/json", **dict(headers)})


def instead(data, kind=None):
    """Other bytes, as if they were the right ones."""
    def behave(handler):
        found = handler.found()
        handler.answer(200, data, {"Content-Type": kind or (found[1] if found else "application/octet-stream")})
    return behave


def says_length(length):
    """The right bytes, and a wrong word about how many."""
    def behave(handler):
        data, kind = handler.found() or (b"", "application/octet-stream")
        handler.answer(200, data[:length] if handler.command == "GET" else data, {"Content-Type": kind}, length)
    return behave


def cut_after(count):
    """The right length, but the connection is reset after some bytes."""
    def behave(handler):
        data, kind = handler.found()
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.answer(200, data[:count], {"Content-Type": kind}, len(data))
    return behave


def held(gate, count=0):
    """Some bytes (without any, not even a head), and the rest when the gate is opened."""
    def behave(handler):
        if not count:
            gate.wait(LIMIT)
            return handler.serve()
        data, kind = handler.found()
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:count])
        handler.wfile.flush()
        gate.wait(LIMIT)
        handler.wfile.write(data[count:])
    return behave


def redirect(place, code=307):
    """To the same path there, or to a whole URL."""
    def behave(handler):
        url = place if place.count("/") > 2 else place + handler.path
        handler.answer(code, b"", {"Location": url})
    return behave
