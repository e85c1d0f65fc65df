#!/usr/bin/env python3
"""Measures imports that somebody asks for, against a registry that lives in this process.

    Benchmarks/Imports/measure.py .build/release/weir

`weir import --all` of 60 tags; from the call of a webhook to the new item of a tag; memory while a repository with 50,000
tags is imported. Prints one JSON object; ends with 1 where a target was not kept.
"""
import http.client, json, subprocess, sys, tempfile, threading, time, urllib.parse

from fake import Registry, Weir, digest

STREAMS = "/apis/image.openshift.io/v1/namespaces/bench/imagestreams"


def import_all(program, weir, directory, registry, host):
    """Seconds that the command takes, its own start included: the best of five and all of them."""
    registry.tags = [f"1.{number}" for number in range(60)]
    times = []
    for round in range(5):
        began = time.time()
        subprocess.run([program, "import", f"all{round}", "--from", f"{host}/team/all{round}", "--all", "--confirm",
                        "--insecure", "--namespace", "bench", "--kubeconfig", directory + "/admin.kubeconfig"],
                       check=True, capture_output=True)
        times.append(round_to(time.time() - began))
        tags = weir.call("GET", f"{STREAMS}/all{round}")["status"]["tags"]
        assert len(tags) == 60 and all(tag["items"] for tag in tags), "not all were imported"
    return {"tags": 60, "seconds": times, "kept": sorted(times)[2] <= 1.5}


def round_to(seconds):
    return round(seconds, 3)


def webhook(weir, registry, host, count=200):
    """Milliseconds from the call to the new item, each tag once: what was just looked at rests for a second."""
    for index in range(count // 20):
        weir.call("POST", STREAMS, {
            "kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": {"name": f"hook{index}"},
            "spec": {"tags": [{"name": f"t{tag}", "importPolicy": {"insecure": True},
                               "from": {"kind": "DockerImage", "name": f"{host}/team/hook{index}:t{tag}"}}
                              for tag in range(20)]}})
    receiver = weir.call("POST", "/apis/weir.dev/v1alpha1/namespaces/bench/webhookreceivers", {
        "kind": "WebhookReceiver", "apiVersion": "weir.dev/v1alpha1", "metadata": {"name": "hook"},
        "spec": {"type": "generic"}})
    path = receiver["status"]["url"]
    path = path[path.index("/hooks/"):]
    address = urllib.parse.urlsplit(weir.url)
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=weir.context)

    def request(method, path, body=None):
        headers = {} if method == "POST" else {"Authorization": "Bearer " + weir.token}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def image(stream, tag):
        _, body = request("GET", f"{STREAMS}/{stream}")
        for entry in json.loads(body)["status"].get("tags") or []:
            if entry["tag"] == tag and entry.get("items"):
                return entry["items"][0]["image"]

    def until(condition, limit=60):
        end = time.time() + limit
        while not condition():
            assert time.time() < end, "it does not come"
            time.sleep(0.002)

    times = []
    for index in range(count // 20):
        for tag in range(20):
            until(lambda: image(f"hook{index}", f"t{tag}"))
    for index in range(count // 20):
        for tag in range(20):
            name = f"team/hook{index}:t{tag}"
            registry.moved[name] = 2
            wanted = digest(registry.manifest(name))
            began = time.time()
            status, _ = request("POST", path, json.dumps({"image": f"{host}/{name}"}))
            assert status == 202, status
            until(lambda: image(f"hook{index}", f"t{tag}") == wanted)
            times.append((time.time() - began) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    return {"calls": count, "p50 ms": round(times[len(times) // 2], 1), "p95 ms": round(p95, 1),
            "worst ms": round(times[-1], 1), "kept": p95 < 1000}


def large(program, registry, host, limit, count=50_000):
    """MiB above what a server holds when nothing was asked of it yet, which takes `limit` tags at once; 0: all it can."""
    registry.tags = [f"v1.{number}.0" for number in range(count)]
    with tempfile.TemporaryDirectory() as scratch:
        weir = start(program, scratch, ["--max-images-per-repository", str(limit)])
        try:
            time.sleep(2)
            weir.forget_peak()
            idle = weir.memory()
            began = time.time()
            answer = weir.call("POST", "/apis/image.openshift.io/v1/namespaces/bench/imagestreamimports", {
                "kind": "ImageStreamImport", "apiVersion": "image.openshift.io/v1", "metadata": {"name": "large"},
                "spec": {"import": True, "repository": {
                    "from": {"kind": "DockerImage", "name": f"{host}/team/large"},
                    "importPolicy": {"insecure": True}}}})
            seconds = time.time() - began
            repository = answer["status"]["repository"]
            assert len(repository["images"]) + len(repository["additionalTags"]) == count
            peak = weir.memory("VmHWM")
        finally:
            stop(weir)
    return {"tags": count, "imported": len(repository["images"]), "seconds": round_to(seconds), "idle MiB": idle,
            "peak MiB": peak, "kept": peak - idle <= 100}


def start(program, scratch, flags=()):
    weir = Weir(program, scratch + "/data", list(flags))
    weir.call("POST", "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "bench"}})
    return weir


def stop(weir):
    weir.process.terminate()
    weir.process.wait()


def main():
    program = sys.argv[1]
    registry = Registry()
    host = "127.0.0.1:%d" % registry.server_address[1]
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    result = {"a repository of 50,000 tags": large(program, registry, host, 50),
              "the same, as many as possible": large(program, registry, host, 0)}
    with tempfile.TemporaryDirectory() as scratch:
        weir = start(program, scratch)
        try:
            result["weir import --all"] = import_all(program, weir, scratch + "/data", registry, host)
            result["from webhook to item"] = webhook(weir, registry, host)
        finally:
            stop(weir)
    print(json.dumps(result, indent=2))
    sys.exit(0 if all(part["kept"] for part in result.values()) else 1)


main()
