"""What the measurements of imports share: a registry that lives in their process, and a server to be measured."""
import hashlib, http.server, json, os, random, socketserver, ssl, subprocess, threading, time, urllib.parse, urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.epoch = 1          # what every tag names
        self.moved = {}         # tags that name something else, by REPOSITORY:TAG
        self.tags = []          # of every repository
        self.failing = 0.0
        self.closed = {}        # paths that nobody may ask for before a time
        self.early = 0          # requests that did
        self.lock = threading.Lock()
        self.counts = {}
        self.manifests = {}
        self.blobs = {}

    def manifest(self, name):
        key = (name, self.moved.get(name, self.epoch))
        with self.lock:
            if key not in self.manifests:
                config = json.dumps({"architecture": "amd64", "os": "linux", "comment": f"{key}"}).encode()
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
    disable_nagle_algorithm = True

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
            if time.time() < server.closed.get(self.path, 0):
                server.early += 1
            fails = len(parts) > 3 and random.random() < server.failing
            pauses = fails and random.random() < 0.25
            if pauses:
                server.closed[self.path] = time.time() + 2
        if fails:
            return self.answer(503, b"not now", [("Retry-After", "2")] if pauses else [])
        if self.path.startswith("/v2/") and "/tags/list" in self.path:
            return self.list()
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


    def list(self):
        """A page of a thousand tags, however many were asked for."""
        path, _, query = self.path.partition("?")
        begin = int(urllib.parse.parse_qs(query).get("last", ["0"])[0])
        page = self.server.tags[begin:begin + 1000]
        more = begin + len(page) < len(self.server.tags)
        self.answer(200, json.dumps({"name": "app", "tags": page}).encode(),
                    [("Link", f'<{path}?last={begin + len(page)}>; rel="next"')] if more else [])


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

    def memory(self, field="VmRSS"):
        """MiB: resident now, or VmHWM: at most since the last `forget_peak`."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(field):
                return int(line.split()[1]) // 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def images(self):
        """The number of tags by the image they have."""
        counts = {}
        for stream in self.call("GET", "/apis/image.openshift.io/v1/imagestreams")["items"]:
            for tag in stream["status"].get("tags") or []:
                items = tag.get("items") or []
                key = items[0]["image"] if items else None
                counts[key] = counts.get(key, 0) + 1
        return counts
