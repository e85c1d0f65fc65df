"""Requests as a registry's clients make them: credentials on demand, nothing changed on the way, nothing followed."""
import base64
import http.client
import re
import threading
import urllib.parse

from .answer import Answer, expect

CHALLENGE = re.compile(r'([a-z_]+)="([^"]*)"')


class Client:
    """One identity on one server. `observer` sees every answer below /v2/."""

    def __init__(self, target, username=None, password=None, token=None, observer=None):
        self.target, self.observer = target, observer
        self.username, self.password = username, password
        self.authorization = f"Bearer {token}" if token is not None else None
        self.fixed = token is not None
        self.local = threading.local()

    @classmethod
    def basic(cls, target, username, password, observer=None):
        """Sends its password with every request, unasked."""
        client = cls(target, observer=observer)
        client.authorization, client.fixed = credentials(username, password), True
        return client

    def send(self, method, path, body=b"", headers=(), *, chunked=False, credentials=True):
        """`path` goes out as it is. With `credentials`, a 401 is answered once, as its challenge asks."""
        expect(path.startswith("/"), f"{method} {path}: not a path of this server")
        answer = self.exchange(method, path, body, self.authorized(headers, credentials), chunked)
        if answer.status == 401 and credentials and not self.fixed and self.password is not None:
            scheme = (answer.get("WWW-Authenticate") or "").split(" ")[0].lower()
            refused = self.authorization
            self.authorization = self.answer_to(answer) if scheme in ("bearer", "basic") else None
            if self.authorization and self.authorization != refused:
                answer = self.exchange(method, path, body, self.authorized(headers, credentials), chunked)
        return answer

    def authorized(self, headers, credentials):
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        if credentials and self.authorization and not any(name.lower() == "authorization" for name, _ in headers):
            headers.append(("Authorization", self.authorization))
        return headers

    def answer_to(self, answer):
        """The `Authorization` that a challenge asks for."""
        challenge = answer.get("WWW-Authenticate")
        if challenge.lower().startswith("basic"):
            return credentials(self.username or "", self.password)
        token = self.token(dict(CHALLENGE.findall(challenge)))
        return f"Bearer {token}" if token else None

    def token(self, parameters):
        """A token from the token endpoint that a challenge names; None where it gives none."""
        realm = parameters["realm"]
        expect(self.target.is_same_server(realm), f"the realm {realm} is another server")
        query = {name: parameters[name] for name in ("service", "scope") if parameters.get(name)}
        path = urllib.parse.urlsplit(realm).path + ("?" + urllib.parse.urlencode(query) if query else "")
        answer = self.exchange("GET", path, b"", [("Authorization", credentials(self.username or "", self.password))])
        return answer.json().get("access_token") or answer.json().get("token") if answer.status == 200 else None

    def exchange(self, method, path, body=b"", headers=(), chunked=False):
        """One request and its answer, over a connection that is kept."""
        reused = getattr(self.local, "connection", None) is not None
        if not reused:
            self.local.connection = self.target.connection()
        try:
            answer = self.over(self.local.connection, method, path, body, headers, chunked)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if not reused:
                raise
            return self.exchange(method, path, body, headers, chunked)
        if self.observer is not None and path.startswith("/v2/"):
            self.observer.saw(answer)
        return answer

    def over(self, connection, method, path, body, headers, chunked):
        connection.putrequest(method, path, skip_accept_encoding=True)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            connection.putheader(name, value)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif "content-length" not in names and (body or method in ("POST", "PUT", "PATCH")):
            connection.putheader("Content-Length", str(len(body)))
        try:
            connection.endheaders(pieces(body) if chunked else body or None, encode_chunked=chunked)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A server that refuses answers before it has read everything (C-11).
        response = connection.getresponse()
        answer = Answer(method, path, response.status, response.getheaders(), response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self):
        connection, self.local.connection = getattr(self.local, "connection", None), None
        if connection is not None:
            connection.close()


def credentials(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def pieces(body, size=65536):
    return [body[start:start + size] for start in range(0, len(body), size)]
