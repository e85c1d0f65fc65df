"""One run: what tests are given."""
import threading
from contextlib import ExitStack

from .answer import Answer
from .client import Client
from .content import unique
from .raw import RawConnection
from .repository import Repository


class Observer:
    """Keeps of every answer of the run what general rules are about: its head, and the beginning of its body."""

    def __init__(self):
        self.answers, self.lock = [], threading.Lock()

    def saw(self, answer):
        kept = Answer(answer.method, answer.path, answer.status, answer.headers, 
                      answer.body if answer.status >= 400 else answer.body[:65536])
        with self.lock:
            self.answers.append(kept)


class Run:
    """The server, the identity that may do everything in the namespace, and its repositories."""

    def __init__(self, target, username, password, repo1, repo2, cluster=None):
        self.target, self.username, self.password = target, username, password
        self.observer = Observer()
        self.client = Client(target, username, password, observer=self.observer)
        self.repo1, self.repo2 = Repository(self.client, repo1), Repository(self.client, repo2)
        self.namespace, self.parent = repo1.split("/")[0], repo1.rpartition("/")[0]
        self.cluster = cluster

    def repository(self, name=None):
        """One of its own for a test, beside the first one."""
        return Repository(self.client, f"{self.parent}/{name or 'test-' + unique()}")

    def raw(self, timeout=30, credentials=True):
        if credentials and self.password is not None and self.client.authorization is None:
            self.client.send("GET", "/v2/")
        return RawConnection(self.target, self.client.authorization if credentials else None, timeout)

    def project(self):
        """A namespace of its own for a test, made through the API."""
        return self.cluster.make_project(self)

    def anonymous(self):
        """Sends no credentials."""
        return Client(self.target, observer=self.observer)


class Context:
    """What one test gets: the run, and a place for what must be undone."""

    def __init__(self, run):
        self.run, self.undo = run, ExitStack()

    def __getattr__(self, name):
        return getattr(self.run, name)

    def project(self):
        project = self.run.project()
        self.undo.callback(project.delete)
        return project
