#!/usr/bin/env python3
"""Measures what scheduled imports cost, and whether they converge, against a registry that lives in this process.

    Benchmarks/Imports/poll.py .build/release/weir                          2,000 tags, each looked at once a minute
    Benchmarks/Imports/poll.py .build/release/weir --soak                   500 streams with 4 tags each; the registry
                                                                            fails every tenth request and changes all tags

Prints one JSON object; ends with 1 where a promise was not kept.
"""
import argparse, hashlib, http.server, json, os, random, socketserver, subprocess, sys, tempfile, threading, time
import ssl, urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.epoch = 1          # what every tag names
        self.failing = 0.0
        self.lock = threading.Lock()
        self.counts = {}
        self.manifests = {}
        self.blobs = {}

    def manifest(self, name):
        key = (name, self.epoch)
        with self.lock:
            if key not in self.manifests:
                config = json.dumps({"architecture": "amd64", "os": "linux", "comment": f"{name} {self.epoch}"}).encode()
                self.blobs[digest(config)] = config
                body = json.dumps({
                    "schemaVersion": 2, "mediaType": MANIFEST,
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config),
                               "digest": digest(config)},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 10,
                                "digest": digest(name.encode())}]}).encode()
                self.manifests[key] = body
                self.manifests[digest(body)] = body
            return self.manifests[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        parts = self.path.split("/")
        with server.lock:
            key = (self.command, parts[-2] if len(parts) > 3 else "ping")
            server.counts[key] = server.counts.get(key, 0) + 1
            fails = len(parts) > 3 and random.random() < server.failing
        if fails:
            return self.answer(503, b"not now")
        if len(parts) < 5:
            return self.answer(200, b"{}", [("Docker-Distribution-API-Version", "registry/2.0")])
        if parts[-2] == "blobs":
            blob = server.blobs.get(parts[-1])
            return self.answer(200, blob) if blob else self.answer(404)
        name = parts[-1] if parts[-1].startswith("sha256:") else "/".join(parts[2:-2]) + ":" + parts[-1]
        body = server.manifests.get(name) if name.startswith("sha256:") else server.manifest(name)
        if body is None:
            return self.answer(404)
        tag = '"%s"' % digest(body)
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, headers=[("ETag", tag), ("Docker-Content-Digest", digest(body))])
        self.answer(200, body, [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest(body)), ("ETag", tag)])


class Weir:
    def __init__(self, program, directory, flags):
        self.process = subprocess.Popen(
            [program, "serve", "--data-dir", directory, "--listen", "127.0.0.1:0", "--log-level", "warning",
             "--signature-import", "never"] + flags, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[1]
        self.token = open(directory + "/admin.token").read().strip()
        self.context = ssl.create_default_context(cafile=directory + "/ca.crt")

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=self.context) as answer:
            return json.load(answer)

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) // 1024

    def images(self):
        """The number of tags by the image they have."""
        counts = {}
        for stream in self.call("GET", "/apis/image.openshift.io/v1/imagestreams")["items"]:
            for tag in stream["status"].get("tags") or []:
                items = tag.get("items") or []
                key = items[0]["image"] if items else None
                counts[key] = counts.get(key, 0) + 1
        return counts


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
            "kept": first is not None and second is not None}


main()
