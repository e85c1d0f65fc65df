"""Streams whose images lie in another registry."""
import base64
import json
import time

from .answer import expect
from .client import Client
from .upstream import Upstream

NAME = "up/app"


def upstream(t):
    """A registry that is there until the test ends."""
    server = Upstream()
    t.undo.callback(server.close)
    return server


def pull_spec(server, content=None, name=NAME, tag="v1"):
    return f"{server.host}/{name}@{content.digest}" if content is not None else f"{server.host}/{name}:{tag}"


def import_image(project, spec, tag="v1", name="app", policy="Source", insecure=True, whole=True):
    """Through the API, as `oc import-image --confirm` does; lists with all they name, if nothing else is said."""
    item = {"from": {"kind": "DockerImage", "name": spec}, "to": {"name": tag},
            "importPolicy": {"insecure": insecure, "importMode": "PreserveOriginal" if whole else "Legacy"},
            "referencePolicy": {"type": policy}}
    answer = project.cluster.send("POST", f"{project.path}/imagestreamimports", {
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStreamImport", "metadata": {"name": name},
        "spec": {"import": True, "images": [item]}}).status_is(201, 200)
    return answer.json()["status"]["images"][0]


def imported(t, server, content, *, project=None, tag="v1", name="app", upstream_name=NAME, **options):
    """A project with a stream that has this content of `server`; what was asked for the import is forgotten."""
    project = project or t.project()
    server.push(upstream_name, content, tag)
    item = import_image(project, pull_spec(server, None, upstream_name, tag), tag, name, **options)
    expect(item["status"].get("status") in (None, "Success"), f"the import: {item['status']}")
    expect(project.history(tag, name)[0]["image"] == content.digest, f"the import made {project.history(tag, name)}")
    server.forget()
    return project


def give_secret(project, server, user, password, name="pull", **annotations):
    """A pull secret of the namespace; one of this name is replaced."""
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    document = json.dumps({"auths": {server if isinstance(server, str) else server.host: {"auth": auth}}})
    path = f"/api/v1/namespaces/{project.name}/secrets"
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "annotations": annotations},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": base64.b64encode(document.encode()).decode()}}
    if project.cluster.get(f"{path}/{name}"):
        project.cluster.send("PUT", f"{path}/{name}", body).status_is(200)
    else:
        project.cluster.create(path, body)


def change_stream(project, change, name="app"):
    """Reads, changes and writes the stream until nobody else did at the same time."""
    while True:
        stream = project.stream(name)
        change(stream)
        answer = project.cluster.send("PUT", f"{project.path}/imagestreams/{name}", stream).status_is(200, 409)
        if answer.status == 200:
            return answer.json()


def fresh(repository):
    """The same identity on a connection of its own."""
    client = repository.client
    other = Client(client.target, client.username, client.password, observer=client.observer)
    other.authorization, other.fixed = client.authorization, client.fixed
    return type(repository)(other, repository.name)


def within(seconds, ask):
    """The answer, which must have come in this time."""
    start = time.monotonic()
    answer = ask()
    took = time.monotonic() - start
    expect(took <= seconds, f"{answer}: it took {took:.1f} s, expected at most {seconds}")
    return answer


def broken(t, repository, path, headers=()):
    """The bytes of an answer that must end before it is complete, or be none at all (None)."""
    with t.raw() as raw:
        raw.authorization = repository.client.authorization
        raw.socket.settimeout(100)
        raw.begin("GET", repository.base + path, headers)
        try:
            answer = raw.answer()
        except AssertionError:
            return None
        if answer.status >= 400:
            return None
        length = int(answer.get("Content-Length"))
        expect(len(answer.body) < length, f"{answer}: complete, all {length} bytes")
        return answer.body
