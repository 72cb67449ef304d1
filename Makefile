SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
CONTAINER ?= docker
IMAGE ?= neurograde
.DEFAULT_GOAL := help

help:  ## print the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/jobs: requirements.lock pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	sed '/^# what only development needs$$/,$$d' requirements.lock > $(VENV)/jobs.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/jobs.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed: $(VENV)/jobs
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

install: $(VENV)/jobs  ## make .venv and install what jobs need: the upper part of requirements.lock

setup: $(VENV)/installed  ## also install what tests and checks need: all of requirements.lock

demo: install  ## run the whole chain on synthesised images (minutes, after the installation)
	$(RUN) -m jobs.chain specs/demo

run-local: install  ## run one job: JOB=patch SPEC=specs/demo/patch.yaml [ARGS="--set key=value"]
	@test -n "$(JOB)" -a -n "$(SPEC)" || { echo 'usage: make run-local JOB=patch SPEC=specs/demo/patch.yaml [ARGS=...]'; exit 64; }
	$(RUN) -m jobs.$(JOB) $(SPEC) $(ARGS)

chain: install  ## run a folder's specs in order, skipping what is up to date: SPECS=specs/demo [ARGS="--store URL"]
	@test -n "$(SPECS)" || { echo 'usage: make chain SPECS=specs/demo [ARGS=...]'; exit 64; }
	$(RUN) -m jobs.chain $(SPECS) $(ARGS)

data: install  ## fetch the public files of a folder of specs into out/data, checked by digest: SET=osteosarcoma, slides or splits
	@test -n "$(SET)" || { echo 'usage: make data SET=osteosarcoma (or slides, splits)'; exit 64; }
	$(RUN) -m jobs.fetch specs/$(SET)/data.csv $(ARGS)

test: setup  ## set up and run the tests
	$(RUN) -m pytest --numprocesses auto --maxprocesses 8 $(ARGS)

test-quick: setup  ## the tests that take no time: no kills, no whole chains, no browser (a minute and a half on 2 cores)
	$(RUN) -m pytest --numprocesses auto --maxprocesses 8 -m "not slow" $(ARGS)

soak: setup  ## the tests of killed, stopped, faulty and doubled attempts, at every step and more often
	NEUROGRADE_SOAK=1 $(RUN) -m pytest tests/jobs/test_shard_kills.py tests/jobs/test_shard_twins.py tests/jobs/test_shard_faults.py \
		tests/jobs/test_train.py tests/jobs/test_two_writers.py $(ARGS)

fuzz: setup  ## read some 5,000 damaged inputs with fixed seeds, and print a table of how they end (minutes): [ARGS="specs 17"]
	$(RUN) -m tests.fuzz $(ARGS)

k8s: install  ## render the manifests: [SPECS=specs/report] [ARGS="--image ... --store ... --profile gke-spot-l4"]
	$(RUN) -m jobs.grid $(or $(SPECS),specs/report) $(ARGS)

cluster: install  ## apply k8s/ folder by folder, waiting for each step: [ARGS="--context my-cluster"]
	$(RUN) -m jobs.cluster k8s $(ARGS)

grid-local: setup  ## run a study's rendered Jobs here as a cluster would: SPEC=specs/demo [WORKERS=2] [CHAOS=7]
	@test -n "$(SPEC)" || { echo 'usage: make grid-local SPEC=specs/demo [WORKERS=2] [CHAOS=7]'; exit 64; }
	$(RUN) -m tests.rehearsal $(SPEC) --workers $(or $(WORKERS),2) $(if $(CHAOS),--chaos $(CHAOS)) $(ARGS)

check: setup  ## lint, formatting, types, the Dockerfile and the manifests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/hadolint Dockerfile
	$(RUN) -m neurograde.cluster.lint k8s/*/*.yaml
	$(VENV)/bin/kubernetes-validate --strict --quiet -k 1.34 k8s/{base,chain,grid,after}/*.yaml
	$(VENV)/bin/kubernetes-validate --strict --quiet k8s/{base,chain,grid,after}/*.yaml

bench: setup  ## measure, print a table, write bench.json: [ONLY=patch_throughput]
	$(RUN) -m tests.bench $(ONLY)

gpu-check: setup  ## run everything that needs a GPU, in at most 8 minutes, and print one JSON [ARGS="--device cpu"]
	$(RUN) -m tests.bench.gpu_check $(ARGS)

docs: setup  ## write the tables of the READMEs again from the code
	$(RUN) -m tests.repo.readme

census: setup  ## audit the published splits of out/data/splits and write the table of specs/census/README.md: [ARGS="--splits FOLDER"]
	$(RUN) -m tests.repo.census $(ARGS)

lock: setup  ## resolve requirements.lock again from pyproject.toml (needs uv)
	$(RUN) -m tests.repo.lock

image:  ## build the container image [IMAGE=neurograde] [KIND=cluster] [CONTAINER=podman] [BUILD="--build-arg BASE_IMAGE=..."]
	$(CONTAINER) build $(BUILD) --target runtime --tag $(IMAGE) .
	$(if $(KIND),kind load docker-image $(IMAGE) --name $(KIND))

image-test:  ## build the image with the tests inside and run them there, offline, on a read-only root [RUNTIME=...]
	$(CONTAINER) build $(BUILD) --target test --tag $(IMAGE)-test .
	$(CONTAINER) run --rm --read-only --tmpfs /tmp:exec --network none $(RUNTIME) $(IMAGE)-test $(ARGS)

push: image  ## push the image and print the digest that the manifests take: IMAGE=registry/neurograde
	$(CONTAINER) push $(IMAGE)
	@$(CONTAINER) inspect --format '{{index .RepoDigests 0}}' $(IMAGE)
	@sed -n 's/^LEAST_DRIVER = "\(.*\)"$$/needs NVIDIA driver \1 or newer on GPU nodes/p' lib/neurograde/runtime/cuda.py

clean:  ## remove what tools left behind, and the demo's store unless it holds reviews or an opened test set
	rm -rf build bench.json .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@if [ -e out/demo/reviews ] || [ -e out/demo/ledgers ]; then \
	  echo "out/demo is kept: it holds reviews or an opened test set; rm -r out/demo removes it"; \
	else rm -rf out/demo; fi

.PHONY: help install setup demo run-local chain data test test-quick soak fuzz k8s cluster grid-local check bench gpu-check docs census lock image image-test push clean
