# The vocabulary of this repository. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help
APT := $(if $(filter 0,$(shell id -u)),apt-get,sudo apt-get)
WEIR := .build/release/weir
DATA ?= dev-data
# Of the server that conformance runs against: CI takes the debug build, which is there from the tests.
CONFIGURATION ?= release
LISTEN ?= 127.0.0.1:6443

# Debian packages: to build, to test, to measure.
BUILD_PACKAGES := libarchive-dev libcrypt-dev libsqlite3-dev zlib1g-dev
# Any kubectl will do.
KUBECTL := $(if $(shell command -v kubectl),,kubernetes-client)
TEST_PACKAGES := docker-registry python3-yaml python3-venv sqlite3 curl openssl $(KUBECTL)
# Clients of the registry, and gpg for their signatures.
TOUR_PACKAGES := python3-yaml python3-venv curl openssl $(KUBECTL) skopeo podman buildah umoci docker-registry gnupg
# From PyPI: clients whose behaviour tests hold the server to.
PYTHON_CLIENTS := kubernetes==37.0.2 openshift==0.13.2
# For the tour of the registry.
ORAS_CLIENT := oras==0.2.43
BENCH_PACKAGES := sqlite3 python3-venv wrk

.PHONY: help run build test bench bench-api bench-tags bench-collection bench-registry lint format conformance registry-suite registry-tour schema \
	packages clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: packages build ## Build a release and serve from ./dev-data.
	@echo "Serving from $(DATA). In another terminal:"
	@echo "  export KUBECONFIG=$(abspath $(DATA))/admin.kubeconfig"
	@echo "  kubectl get namespaces"
	@echo "README.md has a tour. Ctrl-C ends the server."
	$(WEIR) serve --data-dir $(DATA) --listen $(LISTEN)

build: packages ## Build the release binary.
	swift build -c release --product weir

test: PACKAGES := $(TEST_PACKAGES)
test: packages ## Build everything and run all tests.
	Scripts/python-tools python-clients $(PYTHON_CLIENTS) >/dev/null
	swift build --build-tests
	Scripts/run-tests

conformance: PACKAGES := $(TEST_PACKAGES)
conformance: packages ## Replay the recorded answers of the reference against a real server.
	swift build -c $(CONFIGURATION) --product weir
	Scripts/conformance .build/$(CONFIGURATION)/weir

# The protocol once more, below names with more than two parts.
NESTED_SUITE := --repo1 conformance/deep/er/repo1 --repo2 conformance/deep/repo2 $(foreach group,\
  blobs data* deletes *manifests mounts ranges referrers sha512 tag* upload*,--only '$(group)')

registry-suite: PACKAGES := $(TOUR_PACKAGES)
registry-suite: packages ## Hold a new server's registry to its specification.
	swift build -c $(CONFIGURATION) --product weir
	Scripts/registry-suite .build/$(CONFIGURATION)/weir
	WEIR_REGISTRY_NESTED_NAMES=flatten Scripts/registry-suite .build/$(CONFIGURATION)/weir $(NESTED_SUITE)

registry-tour: PACKAGES := $(TOUR_PACKAGES)
registry-tour: packages ## Run the commands of docs/registry.md and docs/moving.md.
	swift build -c $(CONFIGURATION) --product weir
	Scripts/registry-tour .build/$(CONFIGURATION)/weir --python "$$(Scripts/python-tools oras-client $(ORAS_CLIENT))/python"

bench: PACKAGES := $(BENCH_PACKAGES)
bench: packages ## Measure: one line a figure, with the peer's where there is one.
	swift build -c release --product weir-bench
	Scripts/bench

bench-api: PACKAGES := $(BENCH_PACKAGES)
bench-api: build ## Measure a running server: requests, lists, watches, memory.
	Scripts/bench-api $(WEIR)

bench-imports: PACKAGES := python3-minimal
bench-imports: build ## Measure imports, by users and by schedule, also from a registry that fails now and then.
	Benchmarks/Imports/measure.py $(WEIR)
	Benchmarks/Imports/poll.py $(WEIR)
	Benchmarks/Imports/poll.py $(WEIR) --soak

bench-registry: PACKAGES := $(BENCH_PACKAGES) docker-registry nginx curl
bench-registry: build ## Measure the registry, with docker-registry and nginx beside it.
	Scripts/bench-registry $(WEIR)

bench-collection: PACKAGES := $(BENCH_PACKAGES)
bench-collection: build ## Measure the collector with a million blobs.
	Scripts/bench-collection $(WEIR)

bench-tags: PACKAGES := $(BENCH_PACKAGES)
bench-tags: build ## Measure tags on a server with 100,000 images.
	Scripts/bench-tags $(WEIR)

lint: ## Check the format, and that generated code is current.
	Scripts/lint

format: ## Format all Swift code.
	swift format --configuration .swift-format --in-place --recursive --parallel Sources Tests Benchmarks/Sources Package.swift

schema: ## Generate the API types from Schema/.
	swift run weir-schema

packages: ## Install the Debian packages that are missing.
	@Scripts/install-packages "$(APT)" $(BUILD_PACKAGES) $(PACKAGES)

clean: ## Remove what was built.
	rm -rf .build
