"""Checks of a whole chain before its first job runs: every mistake that specs, stores and files show in a second.

Read are the specs and, of the store, the manifests of upstream artefacts that no spec of the folder makes. Written is
one small object, which is deleted again, to see that the store accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurograde.errors import MissingUpstream, NameTaken, NeurogradeError, SpecError, UsageError
from neurograde.runtime import extras, invocation
from neurograde.runtime.doctor import try_store
from neurograde.runtime.spec_folder import in_order, read_specs
from neurograde.runtime.specfile import completed, located, validate
from neurograde.specs.augment import AugmentSpec
from neurograde.specs.base import JobSpec
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.catalogue import BY_NAME, chain_order, maker_of
from neurograde.specs.changes import changes
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.partition import PartitionSpec
from neurograde.specs.patch import PatchSpec
from neurograde.specs.references import files, upstreams
from neurograde.specs.synthesise import SynthesiseSpec
from neurograde.specs.test_set import check_threshold
from neurograde.specs.train import Backbone, TrainSpec
from neurograde.storage.artefact import read_manifest
from neurograde.storage.raw import url_exists
from neurograde.storage.store import Store

PLACEHOLDER = re.compile(r"\byour-[a-z]+(-[a-z]+)*")
"""Words of the templates that a laboratory replaces: `gs://your-bucket/study`, `your-images`."""
CheckBackbone = Callable[[Backbone], None]
"""Raises SpecError for weights that a network does not have."""


@dataclass
class Chain:
    """A folder of specs, checked."""

    steps: list[tuple[str, str]]
    """Job and source of every step, upstream first."""
    notes: list[str]
    """Specs that are left out, and weights that are not at hand yet."""


def check_chain(
    folder: Path | str,
    store: str | None = None,
    check_backbone: CheckBackbone | None = None,
    *,
    replace: bool = False,
) -> Chain:
    """Return the steps of the folder, once every spec and what it needs from outside are checked.

    Args:
        folder: A folder of specs, or its study.yaml.
        store: URL of the store, instead of the specs'.
        check_backbone: Looks up the weights that a network names; it may be slow, and is called where a grid has not
            begun.
        replace: Artefacts of the same names may be replaced.

    Raises:
        NeurogradeError: Every mistake, a line each; the error is that of the first kind among: spec, command line,
            input, store.
    """
    work = _Check(store, check_backbone, replace)
    work.read(folder)
    work.check_specs()
    if work.mistakes:
        lines = dict.fromkeys(line for mistake in work.mistakes for line in mistake.args)
        kinds: tuple[type[NeurogradeError], ...] = (SpecError, UsageError, *map(type, work.mistakes))
        kind = next(kind for kind in kinds if any(isinstance(mistake, kind) for mistake in work.mistakes))
        raise kind(*lines)
    return Chain(in_order({source: spec.job for source, spec in work.specs.items()}, folder), work.notes)


@dataclass
class _Check:
    """The specs of a folder, and what is wrong with them."""

    store: str | None
    check_backbone: CheckBackbone | None
    replace: bool
    specs: dict[str, JobSpec] = field(default_factory=dict)
    """The specs of the chain, by source."""
    waiting: dict[tuple[str, str], str] = field(default_factory=dict)
    """Sources of the specs that wait for a person, by job and name."""
    mistakes: list[NeurogradeError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, folder: Path | str) -> None:
        """Read and validate every spec."""
        for source, data in read_specs(folder, self.mistakes):
            with self._collecting():
                self._read(source, completed(data, store=self.store))

    def _read(self, source: str, data: dict[str, Any]) -> None:
        entry = BY_NAME.get(data["job"])
        if entry is None or entry.is_ahead:
            accepted = ", ".join(chain_order())
            raise UsageError(f"{source}: job: {data['job']!r} is not in the chain; accepted: {accepted}")
        if entry.waits_for_a_person:
            self.waiting[entry.name, str(data.get("name"))] = source
        elif entry.name == "predict" and (missing := self._missing_images(data.get("images"))):
            self.notes.append(f"{source} is left out: images: {missing}")
        else:
            spec = validate(entry.spec, data, source)
            twin = next((other for other, twin in self.specs.items() if _key(twin) == _key(spec)), None)
            if twin is not None:
                raise SpecError(f"{source}: name: {spec.name!r}: {twin} makes the same artefact")
            self.specs[source] = spec

    def _missing_images(self, url: object) -> str | None:
        """Return why there are no images at `url`, or None."""
        if not isinstance(url, str):
            return None
        if PLACEHOLDER.search(url):
            return f"{url!r} is to be replaced by your own"
        return None if url_exists(url) else f"{url!r} does not exist"

    def check_specs(self) -> None:
        """Check what the specs name: placeholders, upstreams, classes, files, stores."""
        filled = {}
        for source, spec in self.specs.items():
            words = list(_placeholders((), spec.model_dump(mode="json")))
            for path, text in words:
                # Once, however many specs share the field.
                file = re.sub(r"(, extended by |: (?=[^:]*$)).*", "", located(source, path))
                where = ".".join(map(str, path))
                self.mistakes.append(SpecError(f"{file}: {where}: {text!r}: to be replaced by your own"))
            if not words:
                filled[source] = spec
        usable = self._usable_stores(filled.values())
        for source, spec in self.specs.items():
            for check in (
                self._check_extras, self._check_upstreams, self._check_classes, self._check_threshold,
                self._check_files, self._check_name,
            ):  # fmt: skip
                with self._collecting():
                    check(source, spec, reachable=spec.store in usable)

    def _usable_stores(self, specs: Any) -> set[str]:
        usable = set()
        for url in dict.fromkeys(spec.store for spec in specs):
            error = try_store(url)
            if error is None:
                usable.add(url)
            else:
                self.mistakes.append(type(error)(f"store {url}: {error}"))
        return usable

    def _check_extras(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise SpecError if a package is missing that the job needs."""
        del source, reachable  # one line per job, however many specs it has
        extras.require(spec.job, BY_NAME[spec.job].extras)

    def _check_upstreams(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise MissingUpstream for each artefact that neither a spec of the folder nor the store has."""
        lines = []
        made = {_key(other) for other in self.specs.values()}
        for path, kind, name in upstreams(spec):
            maker = maker_of(kind)
            if (spec.store, maker.name, name) in made or (reachable and _is_in_store(spec.store, kind, name)):
                continue
            if not reachable and (maker.name, name) in self.waiting:
                continue
            names = sorted(other for url, job, other in made if (url, job) == (spec.store, maker.name))
            command = self.waiting.get((maker.name, name))
            hint = (
                f"make it first with: {invocation.shown(maker.name, command)}"
                if command
                else f"the specs here make {', '.join(names) or 'none'}"
            )
            lines.append(f"{source}: {path}: {name!r}: {kind}/{name} is neither made here nor in {spec.store}; {hint}")
        if lines:
            raise MissingUpstream(*lines)

    def _check_classes(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise SpecError if the images of a data set have other classes than the spec that learns from it."""
        if not isinstance(spec, TrainSpec | BaselineSpec):
            return
        augment = self._maker(AugmentSpec, spec, spec.dataset)
        partition = augment and self._maker(PartitionSpec, augment, augment.partition)
        patch = partition and self._maker(PatchSpec, partition, partition.patches)
        if patch is None:
            return
        labels = patch.source.classes
        if labels is None and patch.source.images is not None:
            images = self._maker(SynthesiseSpec, patch, patch.source.images)
            labels = images and tuple(item.label for item in images.classes)
        if labels is not None and set(labels) != set(spec.classes):
            raise SpecError(f"{source}: classes: {list(spec.classes)}: patches/{patch.name} has {list(labels)}")

    def _check_threshold(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise SpecError if a threshold is chosen for more than two classes."""
        if not isinstance(spec, EvaluateSpec | BaselineSpec):
            return
        learner = spec if isinstance(spec, BaselineSpec) else self._maker(TrainSpec, spec, spec.run)
        if learner is not None:
            try:
                check_threshold(spec.threshold, len(learner.classes))
            except SpecError as error:
                raise SpecError(f"{source}: {error}") from None

    def _check_name(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise NameTaken if the store has an artefact of the name by another spec."""
        kind = BY_NAME[spec.job].writes[0]
        if self.replace or not reachable or kind == "runs":  # a grid without a commit gives its name up
            return
        manifest = read_manifest(Store(spec.store), f"{kind}/{spec.name}")
        if manifest is not None and manifest.spec_digest != spec.digest():
            raise NameTaken(
                f"{source}: {kind}/{spec.name} in {spec.store} is taken: it was made by another spec: "
                f"{changes(manifest.spec, spec)}; choose another name, or --replace it"
            )

    def _check_files(self, source: str, spec: JobSpec, *, reachable: bool) -> None:
        """Raise for images and weights that do not exist."""
        absent = [
            f"{source}: {path}: {url!r} does not exist"
            for path, url in files(spec)
            if not PLACEHOLDER.search(url) and not url_exists(url)
        ]
        if absent:
            raise SpecError(*absent)
        if isinstance(spec, TrainSpec) and not (reachable and _is_in_store(spec.store, "runs", spec.name)):
            for backbone in spec.backbones:
                if backbone.is_enum:
                    self._check_weights(source, spec, backbone, reachable=reachable)

    def _check_weights(self, source: str, spec: TrainSpec, backbone: Backbone, *, reachable: bool) -> None:
        if self.check_backbone is not None and not extras.missing(BY_NAME[spec.job].extras):
            try:
                self.check_backbone(backbone)
            except SpecError as error:
                raise SpecError(f"{source}: {error}") from None
        if not (reachable and _is_in_store(spec.store, "weights", backbone.staged_name)):
            stage = invocation.shown("stage", source)
            note = f"{backbone.weights} of {backbone.name} may be downloaded; {stage} puts it into the store"
            if note not in self.notes:
                self.notes.append(note)

    def _maker(self, model: type[Any], spec: JobSpec, name: str) -> Any:
        """Return the spec of the folder that makes the upstream `name` of `spec`, or None."""
        specs = (other for other in self.specs.values() if isinstance(other, model))
        return next((other for other in specs if (other.store, other.name) == (spec.store, name)), None)

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        """Collect the error of the block, and go on."""
        try:
            yield
        except NeurogradeError as error:
            self.mistakes.append(error)


def _key(spec: JobSpec) -> tuple[str, str, str]:
    return spec.store, spec.job, spec.name


def _is_in_store(url: str, kind: str, name: str) -> bool:
    store = Store(url)
    record = {"runs": "grid.json"}.get(kind, "manifest.json")
    if kind in BY_NAME["review"].appends:
        return any(store.list(f"{kind}/{name}"))
    return store.exists(f"{kind}/{name}/{record}")


def _placeholders(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and text of each field of the spec that has a placeholder."""
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _placeholders((*path, key), part)
    elif isinstance(value, str) and PLACEHOLDER.search(value):
        yield path, value
