"""Fills a server with what the figures of tags are taken from: 10,000 image streams of 10 tags and 100,000 images in
namespace bench, one stream of 200 tags alone in namespace wide. Prints the bytes of an image and of a stream.

Usage: fill_tags.py URL TOKEN_FILE
"""
import json
import sys

from api_client import API, REPOSITORY, Client, digest, in_parallel, layers

STREAMS, TAGS, WIDE = 10_000, 10, 200
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def create_image(client, number):
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "size": 7000, "digest": digest("config", number)},
                "layers": [{"mediaType": layer["mediaType"], "size": layer["size"], "digest": layer["name"]}
                           for layer in layers(number)]}
    config = {"Env": [f"SETTING_{n}=" + "value of an environment variable " * 2 for n in range(20)],
              "Cmd": ["/usr/bin/app", "--serve"], "WorkingDir": "/opt/app",
              "Labels": {f"com.example.label-{n}": "what a build says about itself " * 3 for n in range(35)}}
    client.send("POST", f"{API}/images", {
        "kind": "Image", "apiVersion": "image.openshift.io/v1", "metadata": {"name": digest(number)},
        "dockerImageReference": f"{REPOSITORY}@{digest(number)}", "dockerImageLayers": layers(number),
        "dockerImageManifest": json.dumps(manifest), "dockerImageManifestMediaType": MANIFEST,
        "dockerImageMetadataVersion": "1.0",
        "dockerImageMetadata": {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0",
                                "Id": digest("config", number), "Created": "2026-01-20T10:00:00Z", "Size": 8028,
                                "Architecture": "amd64", "Os": "linux", "Config": config}})


def create_stream(client, number, namespace="bench", count=TAGS):
    tags = [(f"v1.{n}", digest(number * TAGS + n)) for n in range(count)]
    stream = {"kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
              "metadata": {"name": f"stream-{number:05}", "labels": {"app": f"app-{number % 10}"}},
              "spec": {"tags": [{"name": tag, "reference": True,
                                 "from": {"kind": "DockerImage", "name": f"{REPOSITORY}:{tag}"}} for tag, _ in tags]}}
    client.create_stream(namespace, stream, tags)


def main(url, token_file):
    client = Client(url, token_file)
    client.create_namespace("bench")
    client.create_namespace("wide")
    in_parallel(url, token_file, create_image, STREAMS * TAGS)
    in_parallel(url, token_file, create_stream, STREAMS)
    client = Client(url, token_file)  # the server has closed the first connection, which was idle for minutes
    create_stream(client, 0, namespace="wide", count=WIDE)
    print(client.size(f"{API}/images/{digest(0)}"),
          client.size(f"{API}/namespaces/bench/imagestreams/stream-00000"))


main(*sys.argv[1:])
