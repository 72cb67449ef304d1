# neurograde: every job in one image.
#
#   make image                                                                        build it
#   make image-test                                                                   run the tests inside it
#   docker run -v "$PWD/out:/store" neurograde jobs.train specs/demo/train.yaml --store file:///store
#
# Dependencies are one layer, code is the next: a change of code pushes and pulls a few hundred kilobytes.

# Any Debian whose python3 is 3.11 or newer; CUDA's libraries come with torch, the driver with the node.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock ./
# The upper part of the lock file is what the jobs need; its hashes are checked.
RUN python3 -m venv /opt/neurograde \
    && sed '/^# what only development needs$/,$d' requirements.lock > jobs.lock \
    && /opt/neurograde/bin/pip install --quiet --require-hashes -r jobs.lock

FROM dependencies AS package
COPY pyproject.toml setup.py README.md LICENSE ./
COPY lib lib
COPY jobs jobs
RUN /opt/neurograde/bin/pip install --quiet --no-deps --no-build-isolation --target /package .

FROM ${BASE_IMAGE} AS base
ENV PATH=/opt/neurograde/bin:$PATH PYTHONPATH=/opt/package PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
COPY --from=dependencies /opt/neurograde /opt/neurograde
WORKDIR /neurograde

FROM base AS test
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Whatever browser the distribution has now: the tests ask for a browser, not for a version. What drives it needs libatomic.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --quiet --no-install-recommends chromium libatomic1 make \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock ./
RUN pip install --quiet --require-hashes -r requirements.lock
COPY . ./
RUN pip install --quiet --no-deps --no-build-isolation --editable . && chown --recursive 65532:65532 .
# Their root may be read-only, where neither pytest's cache nor hypothesis' examples can be.
ENV PYTHONPATH= PYTEST_ADDOPTS="-p no:cacheprovider" HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis
USER 65532:65532
ENTRYPOINT ["python", "-m"]
CMD ["pytest", "--numprocesses", "auto", "--maxprocesses", "8"]

FROM base AS runtime
COPY --from=package /package /opt/package
COPY specs specs
COPY jobs jobs
USER 65532:65532
ENTRYPOINT ["python", "-m"]
CMD ["jobs.chain", "--help"]
