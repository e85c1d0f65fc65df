#!/usr/bin/env python3
"""Measures what scheduled imports cost, and whether they converge, against a registry that lives in this process.

    Benchmarks/Imports/poll.py .build/release/weir                          2,000 tags, each looked at once a minute
    Benchmarks/Imports/poll.py .build/release/weir --soak                   500 streams with 4 tags each; the registry
                                                                            fails every tenth request, wants to be left
                                                                            alone by every fortieth, and changes all tags

Prints one JSON object; ends with 1 where a promise was not kept.
"""
import argparse, json, sys, tempfile, threading, time

from fake import Registry, Weir, digest

def setup(weir, registry, streams, tags):
    host = "127.0.0.1:%d" % registry.server_address[1]
    weir.call("POST", "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "bench"}})
    for index in range(streams):
        weir.call("POST", "/apis/image.openshift.io/v1/namespaces/bench/imagestreams", {
            "kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": {"name": f"s{index}"},
            "spec": {"tags": [{
                "name": f"t{tag}", "from": {"kind": "DockerImage", "name": f"{host}/team/app{index}:t{tag}"},
                "importPolicy": {"scheduled": True, "insecure": True}} for tag in range(tags)]}})


def current(weir, registry, streams, tags):
    wanted = {digest(registry.manifest(f"team/app{index}:t{tag}")) for index in range(streams) for tag in range(tags)}
    return sum(count for image, count in weir.images().items() if image in wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weir")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--interval", type=int, default=60)
    arguments = parser.parse_args()
    streams, tags = (500, 4) if arguments.soak else (2000, 1)
    registry = Registry()
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as scratch:
        weir = Weir(arguments.weir, scratch + "/data", [
            "--import-interval-seconds", str(arguments.interval), "--import-minimum-interval-seconds", "1"])
        try:
            result = (soak if arguments.soak else poll)(weir, registry, streams, tags, arguments.interval)
        finally:
            weir.process.terminate()
            weir.process.wait()
    print(json.dumps(result, indent=2))
    sys.exit(0 if result["kept"] else 1)


def wait(weir, registry, streams, tags, limit):
    began = time.time()
    while time.time() - began < limit:
        if current(weir, registry, streams, tags) == streams * tags:
            return time.time() - began
        time.sleep(1)
    return None


def poll(weir, registry, streams, tags, interval):
    setup(weir, registry, streams, tags)
    if wait(weir, registry, streams, tags, 600) is None:
        return {"kept": False, "error": "not all were imported"}
    time.sleep(interval)    # everything has had its first look
    before, cpu, began = dict(registry.counts), weir.cpu(), time.time()
    time.sleep(2 * interval)
    seconds, used = time.time() - began, weir.cpu() - cpu
    counts = {f"{method} {what}": count - before.get((method, what), 0)
              for (method, what), count in registry.counts.items() if count != before.get((method, what), 0)}
    heads = counts.get("HEAD manifests", 0)
    expected = streams * tags * seconds / interval
    return {
        "tags": streams * tags, "seconds": round(seconds, 1), "requests": counts,
        "heads per tag and interval": round(heads / expected, 3), "cpu seconds": round(used, 2),
        "percent of a core": round(100 * used / seconds, 2), "memory MiB": weir.memory(),
        "kept": 0.97 < heads / expected < 1.03 and counts.get("GET manifests", 0) == 0 and used / seconds <= 0.05,
    }


def soak(weir, registry, streams, tags, interval):
    registry.failing = 0.1
    setup(weir, registry, streams, tags)
    first = wait(weir, registry, streams, tags, 20 * interval)
    registry.epoch = 2
    # The last minutes of an interval may have passed for a tag already: two whole ones are enough.
    second = wait(weir, registry, streams, tags, 2 * interval)
    return {"tags": streams * tags, "first seconds": first, "after a change of all, seconds": second,
            "requests": {f"{m} {w}": c for (m, w), c in registry.counts.items()}, "memory MiB": weir.memory(),
            "requests before their time": registry.early,
            "kept": first is not None and second is not None and registry.early == 0}


main()
