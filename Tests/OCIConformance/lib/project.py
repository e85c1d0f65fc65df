"""A namespace made for a test, the accounts in it, and its streams."""
from .answer import Failure, expect
from .client import Client
from .raw import eventually
from .repository import Repository

IMAGE = "/apis/image.openshift.io/v1"


def rule(verbs, resources, group="image.openshift.io"):
    """`rule("get update", "imagestreams/layers")`"""
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}


PULL = rule("get", "imagestreams/layers")
PUSH = rule("get update", "imagestreams/layers")
CREATE = rule("create get", "imagestreams")


class Account:
    """A service account and what it may do; `client` asks the registry in its name, `api` the API.

    It lives in another namespace than the project's: all accounts of a namespace may pull in it.
    """

    def __init__(self, project, name, home):
        self.project, self.name, self.home = project, name, home
        self.user = f"system:serviceaccount:{home}:{name}"
        self.subject = {"kind": "ServiceAccount", "name": name, "namespace": home}
        project.cluster.make_account(home, name)
        self.token = project.cluster.token(home, name)
        self.client = Client(project.run.target, token=self.token, observer=project.run.observer)
        self.api = Client(project.cluster.target, token=self.token)

    def may(self, *rules, namespace=None):
        """In the project, if nothing else is said."""
        cluster = self.project.cluster
        cluster.bind(self.subject, cluster.make_role(list(rules)), namespace or self.project.name)
        return self

    def may_everywhere(self, *rules):
        self.project.cluster.bind(self.subject, self.project.cluster.make_role(list(rules)))
        return self

    def has(self, role, namespace=None):
        self.project.cluster.bind(self.subject, role, namespace or self.project.name)
        return self

    def repository(self, name, namespace=None):
        return Repository(self.client, f"{namespace or self.project.name}/{name}")


class Project:
    def __init__(self, cluster, run, name):
        self.cluster, self.run, self.name = cluster, run, name
        self.path = f"{IMAGE}/namespaces/{name}"
        self.home = f"{name}-people"
        self.found_owner = None
        cluster.make_namespace(self.home)

    def account(self, name, *rules):
        account = Account(self, name, self.home)
        return account.may(*rules) if rules else account

    def member(self, name):
        """An account of the project itself."""
        return Account(self, name, self.name)

    @property
    def owner(self):
        """The account that administers the namespace."""
        if self.found_owner is None:
            self.found_owner = self.account("owner").has("admin")
        return self.found_owner

    def repository(self, name="app"):
        return self.owner.repository(name)

    def anonymous(self, name="app"):
        """With the word that stands for nobody."""
        return Repository(Client(self.run.target, token="anonymous", observer=self.run.observer), f"{self.name}/{name}")

    def allow(self, subject, *rules):
        self.cluster.bind(subject, self.cluster.make_role(list(rules)), self.name)

    # Streams, as the API has them.

    def stream(self, name="app"):
        return self.cluster.get(f"{self.path}/imagestreams/{name}")

    def history(self, tag, name="app"):
        """The tag's events, the newest first."""
        stream = self.stream(name) or {}
        for item in stream.get("status", {}).get("tags") or []:
            if item["tag"] == tag:
                return item.get("items") or []
        return []

    def image_tag(self, tag, name="app"):
        return self.cluster.get(f"{self.path}/imagestreamtags/{name}:{tag}")

    def layers(self, name="app"):
        return self.cluster.get(f"{self.path}/imagestreams/{name}/layers")

    def make_stream(self, name="app", **metadata):
        return self.cluster.create(f"{self.path}/imagestreams", {
            "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"name": name, **metadata}})

    def delete_stream(self, name="app"):
        self.cluster.send("DELETE", f"{self.path}/imagestreams/{name}").status_is(200)

    def tag_from(self, source, tag, name="app"):
        """What `oc tag SOURCE NAME:TAG` sends; `source` is NAMESPACE/NAME@DIGEST."""
        namespace, image = source.split("/", 1)
        body = {"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamTag", "metadata": {"name": f"{name}:{tag}"},
                "tag": {"name": tag, "from": {"kind": "ImageStreamImage", "name": image, "namespace": namespace},
                        "referencePolicy": {"type": "Source"}}}
        self.cluster.create(f"{self.path}/imagestreamtags", body)

    def delete(self):
        """Asks for it; what is in the namespace goes with it."""
        for name in (self.name, self.home):
            self.cluster.send("DELETE", f"/api/v1/namespaces/{name}").status_is(200, 202, 404, 409)

    def delete_and_wait(self):
        self.cluster.send("DELETE", f"/api/v1/namespaces/{self.name}").status_is(200, 202)
        eventually(lambda: self.cluster.get(f"/api/v1/namespaces/{self.name}") is None, f"{self.name} is gone", 30)


def item_of(events, number, digest):
    """The event at this place, which must be of this image."""
    if len(events) <= number:
        raise Failure(f"{len(events)} events, none at {number}")
    expect(events[number].get("image") == digest, f"event {number} is of {events[number].get('image')}, expected {digest}")
    return events[number]
