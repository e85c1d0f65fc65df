"""Opens idle watches, changes one object a few times, and closes them again.

Usage: watchers.py URL TOKEN_FILE PID COUNT
Prints what a watch costs the server, how long a change takes to reach all of them, and what is left when they are gone.
The clients share the machine with the server: the time to reach all is as much theirs.
"""
import json
import os
import resource
import select
import socket
import ssl
import sys
import time
import urllib.parse

COLLECTION = "/apis/image.openshift.io/v1/namespaces/bench/imagestreams"
STREAM = f"{COLLECTION}/stream-0000"


def resident(pid):
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    def __init__(self, url, token):
        self.address = urllib.parse.urlsplit(url)
        self.token = token
        self.tls = None
        if self.address.scheme == "https":
            self.tls = ssl.create_default_context()
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def send(self, method, path, body="", content_type="application/json"):
        """The connection after the header of the answer, and what came behind it."""
        connection = socket.create_connection((self.address.hostname, self.address.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            connection = self.tls.wrap_socket(connection)
        connection.sendall((f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
                            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1 << 16)
        head, rest = answer.split(b"\r\n\r\n", 1)
        assert b" 200 " in head.split(b"\r\n")[0], head
        return connection, rest

    def document(self, *request):
        connection, body = self.send(*request)
        while not body.endswith(b"}\n"):
            body += connection.recv(1 << 16)
        connection.close()
        return json.loads(body)


def fan_out(server, poll, watches):
    """Seconds from sending a change until every watch has received it whole."""
    poll_wait, missing = poll.poll, len(watches)
    patch = json.dumps({"metadata": {"annotations": {"changed": str(time.time())}}})
    began = time.monotonic()
    server.document("PATCH", STREAM, patch, "application/merge-patch+json")
    while missing:
        ready = poll_wait(30)
        assert ready, f"{missing} watches got nothing"
        for descriptor, _ in ready:
            connection = watches[descriptor]
            try:
                while True:
                    data = connection.recv(1 << 18)
                    assert data, "a watch ended"
                    # Events have no other line break.
                    missing -= data.count(b"}\n")
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
    return time.monotonic() - began


def main(url, token_file, pid, count):
    count = int(count)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server = Server(url, open(token_file).read().strip())
    name = f"{server.address.scheme}, {count}"
    version = server.document("GET", f"{COLLECTION}?limit=1")["metadata"]["resourceVersion"]
    time.sleep(1)
    before, descriptors_before = resident(pid), descriptors(pid)
    watches, poll = {}, select.epoll()
    for _ in range(count):
        connection, _ = server.send("GET", f"{COLLECTION}?watch=1&resourceVersion={version}")
        connection.setblocking(False)
        watches[connection.fileno()] = connection
        poll.register(connection.fileno(), select.EPOLLIN)
    # Memory of the handshakes goes back to the system when the server has been idle for a while.
    time.sleep(15)
    print(f"watch memory ({name} idle): {(resident(pid) - before) / count / 1024:.1f} KiB each", flush=True)
    times = sorted(fan_out(server, poll, watches) for _ in range(5))
    print(f"watch fan-out ({name}): median {times[2] * 1000:.0f} ms, longest {times[4] * 1000:.0f} ms", flush=True)
    for connection in watches.values():
        connection.close()
    deadline = time.monotonic() + 30
    while descriptors(pid) > descriptors_before and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(15)
    print(f"watch leftovers ({name}): {max(0, descriptors(pid) - descriptors_before)} connections, "
          f"{(resident(pid) - before) / 1024 / 1024:.1f} MiB")


main(*sys.argv[1:])
