"""A connection on which anything may be sent."""
import time

from .answer import Answer, Failure


class RawConnection:
    def __init__(self, target, authorization=None, timeout=30):
        self.target, self.authorization = target, authorization
        self.socket = target.socket(timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def begin(self, method, path, headers=()):
        """A request's head; the body is up to the caller."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.target.authority}"]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        headers = headers.items() if isinstance(headers, dict) else headers
        lines += [f"{name}: {value}" for name, value in headers]
        self.method, self.path = method, path
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def more(self):
        """Some more bytes; False at the end of the connection, however it ends."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.received += data
        return bool(data)

    def answer(self):
        """The next answer's head and, where its length is said, its body."""
        while b"\r\n\r\n" not in self.received:
            if not self.more():
                raise Failure(f"{self.method} {self.path}: the connection ended without an answer")
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        answer = Answer(self.method, self.path, int(status.split(" ")[1]), headers, b"")
        length = int(answer.get("Content-Length", "0"))
        if self.method != "HEAD" and answer.status >= 200 and answer.status not in (204, 304):
            while len(self.received) < length and self.more():
                pass
            answer.body, self.received = self.received[:length], self.received[length:]
        return answer

    def is_closed_within(self, seconds):
        """Whether the server ends the connection in this time."""
        self.socket.settimeout(seconds)
        try:
            while self.more():
                pass
            return True
        except TimeoutError:
            return False


def eventually(condition, what, within=20):
    """Asks until it is so; the pause between two questions is no promise about anything."""
    end, pause = time.monotonic() + within, 0.01
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"not within {within} s: {what}")
        time.sleep(pause)
        pause = min(pause * 2, 0.25)
