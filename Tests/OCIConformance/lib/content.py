"""What is pushed: blobs, images, indexes and artifacts, new ones every time."""
import hashlib
import json
import os

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

EMPTY = b""
EMPTY_JSON = b"{}"
ABSENT = {"sha256": "sha256:" + "0" * 64, "sha512": "sha512:" + "0" * 128}


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def random_blob(size=512):
    return os.urandom(size)


def unique():
    """Letters for a name that nobody has yet."""
    return os.urandom(5).hex()


def descriptor(data, kind, algorithm="sha256", **more):
    return {"mediaType": kind, "digest": digest_of(data, algorithm), "size": len(data), **more}


class Content:
    """A manifest's bytes, the blobs it needs, and the manifests it needs."""

    def __init__(self, document, kind, blobs=(), children=(), algorithm="sha256", **places):
        self.data = document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()
        self.kind, self.algorithm = kind, algorithm
        self.blobs, self.children = list(blobs), list(children)
        self.config, self.layers = places.get("config"), places.get("layers", [])

    @property
    def digest(self):
        return digest_of(self.data, self.algorithm)

    @property
    def document(self):
        return json.loads(self.data)

    def descriptor(self, **more):
        return descriptor(self.data, self.kind, self.algorithm, **more)


def config_document(architecture="amd64", **more):
    """A config that no other image has."""
    return {"architecture": architecture, "os": "linux", "created": "2026-01-02T03:04:05Z",
            "config": {"Labels": {"test": unique()}, "Cmd": ["/run"]},
            "rootfs": {"type": "layers", "diff_ids": []}, **more}


def image(layers=2, *, architecture="amd64", docker=False, algorithm="sha256", size=512, config=None, **members):
    config = config if config is not None else json.dumps(config_document(architecture)).encode()
    blobs = layers if isinstance(layers, list) else [random_blob(size) for _ in range(layers)]
    kind = DOCKER_MANIFEST if docker else OCI_MANIFEST
    document = {
        "schemaVersion": 2, "mediaType": kind,
        "config": descriptor(config, DOCKER_CONFIG if docker else OCI_CONFIG, algorithm),
        "layers": [descriptor(data, DOCKER_LAYER if docker else OCI_LAYER, algorithm) for data in blobs], **members}
    return Content(document, kind, [config, *blobs], algorithm=algorithm, config=config, layers=blobs)


def index(children=None, *, docker=False, algorithm="sha256", **members):
    """By default of images for two architectures."""
    if children is None:
        children = [image(architecture=name, docker=docker, algorithm=algorithm) for name in ("amd64", "arm64")]
    kind = DOCKER_LIST if docker else OCI_INDEX
    entries = []
    for child in children:
        config = json.loads(child.config) if child.config not in (None, EMPTY_JSON) else {}
        platform = {key: config[key] for key in ("architecture", "os") if key in config}
        entries.append(child.descriptor(**({"platform": platform} if platform else {})))
    return Content({"schemaVersion": 2, "mediaType": kind, "manifests": entries, **members}, kind,
                   children=children, algorithm=algorithm)


def artifact(subject=None, *, artifact_type="application/vnd.example.test", layers=None, config_type=OCI_EMPTY,
             config=EMPTY_JSON, annotations=None, algorithm="sha256"):
    """`subject` is a `Content` or a descriptor. Without `artifact_type` its kind is that of the config."""
    blobs = layers if layers is not None else [random_blob()]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, config_type, algorithm),
                "layers": [descriptor(data, "application/vnd.example.data", algorithm) for data in blobs]}
    if artifact_type:
        document["artifactType"] = artifact_type
    if subject is not None:
        document["subject"] = subject.descriptor() if isinstance(subject, Content) else subject
    document["annotations"] = {"org.example.unique": unique(), **(annotations or {})}
    return Content(document, OCI_MANIFEST, [config, *blobs], algorithm=algorithm, config=config, layers=blobs)
