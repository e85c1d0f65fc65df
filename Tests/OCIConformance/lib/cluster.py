"""The API beside the registry, as an administrator: namespaces, accounts, rights, streams."""
import base64
import json
import os
import tempfile
import urllib.parse

from .answer import expect
from .client import Client
from .content import unique
from .project import Project
from .target import Target

RBAC = "/apis/rbac.authorization.k8s.io/v1"
IMAGE = "/apis/image.openshift.io/v1"


class Cluster:
    def __init__(self, target, token=None, certificate=None):
        """`target` without the certificate is the API as everybody else sees it."""
        self.target = target
        self.client = Client(target.with_certificate(*certificate) if certificate else target, token=token)

    @classmethod
    def from_kubeconfig(cls, path):
        """The present context's server and credentials: a client certificate or a token."""
        import yaml  # Debian's python3-yaml; needed for this alone.
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        context = named(document["contexts"], document["current-context"])["context"]
        cluster = named(document["clusters"], context["cluster"])["cluster"]
        user = named(document["users"], context["user"])["user"]
        # Embedded data goes through files, which are gone when this is done.
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            def file_of(source, member):
                if source.get(member) or not source.get(member + "-data"):
                    return source.get(member) and os.path.join(os.path.dirname(path), source[member])
                name = os.path.join(folder, member)
                with open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                    file.write(base64.b64decode(source[member + "-data"]))
                return name

            target = Target(cluster["server"], file_of(cluster, "certificate-authority"),
                            cluster.get("insecure-skip-tls-verify", False))
            certificate = file_of(user, "client-certificate")
            cluster = cls(target, user.get("token"), certificate and (certificate, file_of(user, "client-key")))
            for seen in (cluster.target, cluster.client.target):
                seen.read_files()
            return cluster

    def send(self, method, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if body is not None else b""
        return self.client.send(method, path, data, {"Content-Type": kind, "Accept": "application/json"})

    def get(self, path):
        """The object, or None where there is none."""
        answer = self.send("GET", path).status_is(200, 404)
        return answer.json() if answer.status == 200 else None

    def create(self, path, body, exists_is_fine=False):
        answer = self.send("POST", path, body)
        answer.status_is(201, 200, *([409] if exists_is_fine else []))
        return answer.json()

    def make_namespace(self, name):
        self.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, True)

    def make_project(self, run):
        name = f"oci-{unique()}"
        self.make_namespace(name)
        return Project(self, run, name)

    def make_account(self, namespace, name):
        self.create(f"/api/v1/namespaces/{namespace}/serviceaccounts",
                    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}, True)

    def token(self, namespace, name):
        """Good for an hour."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return self.create(path, body)["status"]["token"]

    def bind(self, subject, role, namespace=None):
        """A role of the cluster, everywhere or in a namespace."""
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        path = f"{RBAC}/namespaces/{namespace}/rolebindings" if namespace else f"{RBAC}/clusterrolebindings"
        self.create(path, {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": f"b-{unique()}"},
                           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                           "subjects": [subject]})

    def make_role(self, rules):
        name = f"oci-{unique()}"
        self.create(f"{RBAC}/clusterroles", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                                             "metadata": {"name": name}, "rules": rules})
        return name

    def image(self, digest):
        return self.get(f"{IMAGE}/images/{urllib.parse.quote(digest, safe=':')}")

    def conformance_token(self, namespace):
        """Of an account that administers the namespace of the suite, which is made where it is missing."""
        self.make_namespace(namespace)
        self.make_account(namespace, "conformance")
        self.bind({"kind": "ServiceAccount", "name": "conformance", "namespace": namespace}, "admin", namespace)
        return self.token(namespace, "conformance")


def named(items, name):
    found = [item for item in items if item["name"] == name]
    expect(found, f"the kubeconfig has no {name}")
    return found[0]
