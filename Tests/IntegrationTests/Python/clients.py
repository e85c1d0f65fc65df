"""The Python clients of Kubernetes and OpenShift against a server: prints one line a check, ends with 1 at a failure.

    python clients.py KUBECONFIG NAMESPACE
"""

import sys
import threading

import yaml
from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import (
    ApiException, ConflictException, NotFoundException, UnprocessableEntityException)
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, UnprocessibleEntityError
from openshift.dynamic import DynamicClient as OpenShiftClient

GROUP, VERSION, PLURAL = "image.openshift.io", "v1", "imagestreams"
API_VERSION = f"{GROUP}/{VERSION}"
KUBECONFIG, NAMESPACE = sys.argv[1:]


def check(what, condition, seen=None):
    print(("ok      " if condition else "FAILED  ") + what)
    if not condition:
        sys.exit(f"FAILED: {what}: {seen!r}")


def raises(what, kind, status, call):
    """`call` must raise exactly this kind of error."""
    try:
        seen = call()
    except ApiException as error:
        check(what, type(error) is kind and error.status == status, error)
    else:
        check(what, False, seen)


def stream(name, **metadata):
    return {"apiVersion": API_VERSION, "kind": "ImageStream", "metadata": {"name": name, **metadata}}


def tag(name, image):
    return {"name": name, "reference": True, "from": {"kind": "DockerImage", "name": f"registry.example/{image}"}}


def custom_objects(api):
    """The client of kinds it does not know: plain documents."""
    objects = client.CustomObjectsApi(api)
    place = (GROUP, VERSION, NAMESPACE, PLURAL)
    created = objects.create_namespaced_custom_object(*place, stream("plain", labels={"a": "1"}))
    check("plain: create", created["metadata"]["uid"], created)
    read = objects.get_namespaced_custom_object(*place, "plain")
    check("plain: get", read == created, read)
    names = [item["metadata"]["name"] for item in objects.list_namespaced_custom_object(*place)["items"]]
    check("plain: list", names == ["plain"], names)
    patched = objects.patch_namespaced_custom_object(*place, "plain", {"metadata": {"labels": {"b": "2"}}})
    check("plain: patch", patched["metadata"]["labels"] == {"a": "1", "b": "2"}, patched)
    raises("plain: replace of an old version is a conflict", ConflictException, 409,
           lambda: objects.replace_namespaced_custom_object(*place, "plain", read))
    raises("plain: get of nothing", NotFoundException, 404,
           lambda: objects.get_namespaced_custom_object(*place, "absent"))
    raises("plain: create again", ConflictException, 409,
           lambda: objects.create_namespaced_custom_object(*place, stream("plain")))
    raises("plain: create with an invalid name", UnprocessableEntityException, 422,
           lambda: objects.create_namespaced_custom_object(*place, stream("Upper")))
    deleted = objects.delete_namespaced_custom_object(*place, "plain")
    check("plain: delete", deleted["status"] == "Success", deleted)
    namespaces = [item.metadata.name for item in client.CoreV1Api(api).list_namespace().items]
    check("typed: list of namespaces", NAMESPACE in namespaces, namespaces)
    major = client.VersionApi(api).get_code().major
    check("typed: version", major == "1", major)


def dynamic_client(title, make, api):
    """A client that finds out by discovery what there is."""
    streams = make(api).resources.get(api_version=API_VERSION, kind="ImageStream")
    check(f"{title}: discovery", streams.name == PLURAL and streams.namespaced and "watch" in streams.verbs, streams)
    here = {"namespace": NAMESPACE}

    created = streams.create(body=stream("a", labels={"a": "1"}), **here)
    check(f"{title}: create", created.metadata.generation == 1, created)
    check(f"{title}: get", streams.get(name="a", **here).metadata.uid == created.metadata.uid)
    check(f"{title}: list", [item.metadata.name for item in streams.get(label_selector="a=1", **here).items] == ["a"])

    def patch(kind, body, **options):
        return streams.patch(body=body, name="a", content_type=f"application/{kind}", **here, **options)

    merged = patch("merge-patch+json", {"metadata": {"labels": {"a": None, "b": "2"}}})
    check(f"{title}: merge patch", merged.metadata.labels.to_dict() == {"b": "2"}, merged)
    for name in ("v1", "v2"):
        strategic = patch("strategic-merge-patch+json", {"spec": {"tags": [tag(name, "app:1")]}})
    check(f"{title}: strategic patch", [item.name for item in strategic.spec.tags] == ["v1", "v2"], strategic)
    patched = patch("json-patch+json", [{"op": "remove", "path": "/metadata/labels/b"}])
    check(f"{title}: JSON patch", patched.metadata.labels is None, patched)
    document = {**stream("a"), "spec": {"tags": [tag("v3", "app:3")]}}
    applied = streams.server_side_apply(body=document, name="a", field_manager="ci", **here)
    check(f"{title}: apply", [item.name for item in applied.spec.tags] == ["v1", "v2", "v3"], applied)
    document["spec"]["tags"] = [tag("v1", "other:1")]
    raises(f"{title}: apply over another's value", ConflictError, 409,
           lambda: streams.server_side_apply(body=document, name="a", field_manager="ci", **here))
    forced = streams.server_side_apply(body=document, name="a", field_manager="ci", force_conflicts=True, **here)
    check(f"{title}: forced apply", forced.spec.tags[0]["from"].name == "registry.example/other:1", forced)

    present = streams.get(name="a", **here).to_dict()
    present["metadata"]["annotations"] = {"note": "replaced"}
    replaced = streams.replace(body=present, **here)
    check(f"{title}: replace", replaced.metadata.annotations.note == "replaced", replaced)
    raises(f"{title}: replace of an old version", ConflictError, 409,
           lambda: streams.replace(body=present, **here))
    raises(f"{title}: get of nothing", NotFoundError, 404, lambda: streams.get(name="absent", **here))
    raises(f"{title}: create again", ConflictError, 409, lambda: streams.create(body=stream("a"), **here))
    raises(f"{title}: create with an invalid name", UnprocessibleEntityError, 422,
           lambda: streams.create(body=stream("Upper"), **here))
    streams.delete(name="a", **here)
    raises(f"{title}: get of what was deleted", NotFoundError, 404, lambda: streams.get(name="a", **here))


def watching(api):
    """131. A watch over 1000 events gives 1000 items."""
    objects = client.CustomObjectsApi(api)
    place = (GROUP, VERSION, NAMESPACE, PLURAL)
    start = objects.list_namespaced_custom_object(*place)["metadata"]["resourceVersion"]

    def write(writer):
        for index in range(50):
            name = f"w{writer}-{index}"
            objects.create_namespaced_custom_object(*place, stream(name))
            objects.patch_namespaced_custom_object(*place, name, {"metadata": {"labels": {"x": "1"}}})

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(10)]
    for writer in writers:
        writer.start()
    seen = []
    stream_of_events = watch.Watch()
    for event in stream_of_events.stream(
            objects.list_namespaced_custom_object, *place, resource_version=start, timeout_seconds=120):
        seen.append((event["type"], event["object"]["metadata"]["name"]))
        if len(seen) == 1000:
            stream_of_events.stop()
    for writer in writers:
        writer.join()
    check("131. watch: 1000 events", len(seen) == 1000, len(seen))
    check("131. watch: each once", len(set(seen)) == 1000, len(set(seen)))
    check("131. watch: both types", sum(kind == "ADDED" for kind, _ in seen) == 500, seen[:5])


def main():
    with open(KUBECONFIG, encoding="utf-8") as file:
        check("the kubeconfig is YAML", yaml.safe_load(file)["current-context"])
    api = config.new_client_from_config(KUBECONFIG)
    custom_objects(api)
    dynamic_client("kubernetes", dynamic.DynamicClient, api)
    dynamic_client("openshift", OpenShiftClient, api)
    watching(api)
    print("all checks passed")


main()
