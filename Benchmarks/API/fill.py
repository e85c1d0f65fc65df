"""Fills a server with what the figures of requests are taken from: 1,000 image streams of 20 tags in namespace bench,
5,000 images. Prints the bytes of a stream.

Usage: fill.py URL TOKEN_FILE
"""
import sys

from api_client import API, REPOSITORY, Client, digest, in_parallel, layers

STREAMS, TAGS, IMAGES = 1000, 20, 5000


def create_image(client, number):
    client.send("POST", f"{API}/images", {
        "kind": "Image", "apiVersion": "image.openshift.io/v1", "metadata": {"name": digest(number)},
        "dockerImageReference": f"{REPOSITORY}@{digest(number)}", "dockerImageLayers": layers(number),
        "dockerImageMetadataVersion": "1.0"})


def create_stream(client, number):
    # References, which nobody imports: the figures are those of requests alone.
    tags = [{"name": f"v1.{n}", "from": {"kind": "DockerImage", "name": f"{REPOSITORY}:v1.{n}"}, "generation": 1,
             "reference": True, "importPolicy": {"importMode": "Legacy"}, "referencePolicy": {"type": "Source"}}
            for n in range(TAGS)]
    stream = {"kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
              "metadata": {"name": f"stream-{number:04}", "labels": {"app": f"app-{number % 10}"}},
              "spec": {"tags": tags}}
    client.create_stream(
        "bench", stream, [(f"v1.{n}", digest((number * TAGS + n) % IMAGES)) for n in range(TAGS)])


def main(url, token_file):
    client = Client(url, token_file)
    client.create_namespace("bench")
    in_parallel(url, token_file, create_image, IMAGES)
    in_parallel(url, token_file, create_stream, STREAMS)
    print(client.size(f"{API}/namespaces/bench/imagestreams/stream-0000"))


main(*sys.argv[1:])
