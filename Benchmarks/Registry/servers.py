"""The servers that are measured: each with a directory of its own, a port, and what the system says of its processes."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

HERTZ = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server under measurement. `headers` go with each request."""
    name = ""
    headers = {}
    # Whether blobs are at `path(digest)` in the registry's sense, rather than files of any name.
    is_registry = True

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait()

    def command(self):
        raise NotImplementedError

    def wait(self):
        deadline = time.time() + 60
        while time.time() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not listen")

    def path(self, digest):
        return f"/v2/bench/large/blobs/{digest}"

    def processes(self):
        pids = [self.process.pid]
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return pids + [int(child) for child in children]

    def cpu(self):
        """Seconds of the processor so far."""
        ticks = 0
        for pid in self.processes():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / HERTZ

    def peak_memory(self):
        """The most memory that was ever resident, in MiB."""
        total = 0
        for pid in self.processes():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1])
        return total / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Weir(Server):
    name = "weir"

    def __init__(self, folder, binary):
        self.binary = binary
        super().__init__(folder)

    def command(self):
        self.api = free_port()
        return [self.binary, "serve", "--data-dir", str(self.folder / "data"), "--listen", f"127.0.0.1:{self.api}",
                "--registry-listen", f"127.0.0.1:{self.port}", "--registry-insecure", "--log-level", "error",
                "--internal-registry-hostname", f"127.0.0.1:{self.port}", "--signature-import", "never"]

    def wait(self):
        super().wait()
        token = (self.folder / "data" / "admin.token").read_text().strip()
        self.headers = {"Authorization": f"Bearer {token}"}
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        deadline = time.time() + 60
        while True:
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", self.api, context=context)
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}}
                connection.request("POST", "/api/v1/namespaces", json.dumps(body),
                                   self.headers | {"Content-Type": "application/json"})
                answer = connection.getresponse()
                if answer.status in (201, 409):
                    return
                raise SystemExit(f"no namespace: {answer.status} {answer.read()}")
            except OSError:
                if time.time() > deadline:
                    raise
                time.sleep(0.1)


class DockerRegistry(Server):
    name = "docker-registry"

    def command(self):
        configuration = self.folder / "config.yml"
        configuration.write_text(json.dumps({
            "version": "0.1", "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}},
            "http": {"addr": f"127.0.0.1:{self.port}"}}))
        return ["docker-registry", "serve", str(configuration)]


class Nginx(Server):
    """Plain bytes out of files: what the machine can do at all."""
    name = "nginx"
    is_registry = False

    def command(self):
        (self.folder / "www").mkdir()
        for folder in [self.folder.parent, self.folder, self.folder / "www"]:
            folder.chmod(0o755)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(f"""
            worker_processes 1; daemon off; pid {self.folder}/pid; error_log {self.folder}/errors;
            events {{}}
            http {{
                access_log off; sendfile on; keepalive_requests 100000000;
                server {{ listen 127.0.0.1:{self.port}; root {self.folder}/www; }}
            }}""")
        return ["nginx", "-c", str(configuration)]

    def path(self, digest):
        return f"/{digest}"

    def has(self, name, source):
        """Serves a file under a name."""
        target = self.folder / "www" / name
        if isinstance(source, bytes):
            target.write_bytes(source)
        else:
            target.unlink(missing_ok=True)
            os.link(source, target)
        target.chmod(0o644)
