"""The grammar of `study.yaml`: a folder of specs in one file.

all: {store: file://out/leak, region: FRA, seed: 1}      # fields of every spec whose job has them
lists:
  experiments:                                           # a name for what several sections go through
    - {experiment: 0, dataset: apart}
    - {experiment: 1, dataset: exchanged}
augment: {each: [{partition: apart}, {partition: exchanged}], name: "{partition}", balance: ngca}
train: {each: experiments, name: "leak-{experiment}", ...}      # two specs: leak-0 and leak-1
report: {name: leak, ...}                                       # one spec

A section is named for its job. It is a mapping of fields, or a list of such mappings. With `each` it makes a spec per
item: a field that the item gives goes into the spec, and every word of the item replaces `{word}` in the section's
texts. `{name}` is the name of the spec. A text that is one `{word}` alone takes the value as it is, a number or a list.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from neurograde.specs.base import NAME_PATTERN
from neurograde.specs.catalogue import BY_NAME, JOBS

SHARED, LISTS, EACH = "all", "lists", "each"
WORD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
SECTIONS = tuple(entry.name for entry in JOBS if not entry.is_ahead)
"""The jobs that a study has sections of."""

KeyPath = tuple[str | int, ...]
"""Keys and indices that lead to a value of the study."""


class CompositionError(ValueError):
    """Mistakes in the composition of a study, with the path to each in the file."""

    def __init__(self, mistakes: list[tuple[KeyPath, str]]) -> None:
        super().__init__("; ".join(message for _, message in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class ComposedSpec:
    """A spec that a study makes."""

    label: str
    """The name of the spec in its study: its job, followed by its own name where the study has several of the job."""
    data: dict[str, Any]
    """The fields, in the order of the job's model."""
    paths: dict[str, KeyPath]
    """The path in the study of each field."""
    section: KeyPath
    """The path of its section."""

    @property
    def long_label(self) -> str:
        """Job and name, which choose the spec as well."""
        return f"{self.data['job']}-{self.data['name']}"


def compose(study: Mapping[str, Any]) -> list[ComposedSpec]:
    """Return the specs of a study, in the order of its sections.

    Raises:
        CompositionError: The study breaks the grammar; with every mistake.
    """
    work = _Composition(study)
    specs = list(work.specs())
    work.check_all_is_used()
    if work.mistakes:
        raise CompositionError(work.mistakes)
    return specs


@dataclass
class _Composition:
    """A study on its way to specs."""

    study: Mapping[str, Any]
    mistakes: list[tuple[KeyPath, str]] = field(default_factory=list)
    used: set[KeyPath] = field(default_factory=set)
    """The shared fields, lists and words of lists that a spec has used."""

    def specs(self) -> Iterator[ComposedSpec]:
        """Yield the specs; mistakes are collected, and their specs left out."""
        for key in self.study:
            if key not in (SHARED, LISTS, *SECTIONS):
                self._mistake((key,), f"no such section{_guess(key, SECTIONS)}; accepted: all, lists, a job's name")
        for job in (key for key in self.study if key in SECTIONS):
            made = [spec for path, section in self._parts(job) for spec in self._of_section(job, path, section)]
            for spec in self._distinct(made):
                label = job if len(made) == 1 else spec.long_label
                yield ComposedSpec(label, spec.data, spec.paths, spec.section)

    def check_all_is_used(self) -> None:
        """Collect a mistake for each shared field, list and word of a list that no spec uses."""
        for name in self._mapping((SHARED,)):
            if name == "job" or (SHARED, name) not in self.used:
                self._mistake((SHARED, name), f"{name}: no section's job has this field")
        for name, items in self._mapping((LISTS,)).items():
            words = {key for item in items if isinstance(item, Mapping) for key in item} if _is_list(items) else set()
            if (LISTS, name) not in self.used:
                self._mistake((LISTS, name), f"{name}: no section goes through this list with `each: {name}`")
                continue
            for word in sorted(map(str, words)):
                if (LISTS, name, word) not in self.used:
                    self._mistake((LISTS, name), f"{name}: {word}: no section has this field, or {{{word}}} in a text")

    def _parts(self, job: str) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
        """Yield the sections of a job with their paths."""
        section = self.study[job]
        several = _is_list(section)
        for index, part in enumerate(section if several else [section]):
            path: KeyPath = (job, index) if several else (job,)
            if isinstance(part, Mapping):
                yield path, part
            else:
                self._mistake(path, f"{part!r}: a section is a mapping of fields, or a list of them")

    def _of_section(self, job: str, path: KeyPath, section: Mapping[str, Any]) -> Iterator[ComposedSpec]:
        """Yield the specs of one section."""
        if EACH not in section:
            own = {key: (value, (*path, key)) for key, value in section.items()}
            yield from self._spec(job, path, own)
            return
        model = BY_NAME[job].spec.model_fields
        texts = {key: value for key, value in section.items() if key != EACH}
        inline = _is_list(section[EACH])
        for item_path, item in self._items(path, section[EACH]):
            for word in item:
                if word in model or word in _words(texts):
                    self.used.add((*item_path[:2], word))
                elif inline:
                    self._mistake(
                        (*item_path, word),
                        f"each: {word}: {job} has no such field, and no text of the section has {{{word}}}"
                        f"{_guess(word, model)}",
                    )
            yield from self._spec(job, path, self._filled(path, texts, item, item_path, model))

    def _items(self, path: KeyPath, items: Any) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
        """Yield the items that a section goes through; a plain value is the word named for its list."""
        lists = self._mapping((LISTS,))
        source: KeyPath = (*path, EACH)
        word = None
        if isinstance(items, str):
            if items not in lists:
                self._mistake(source, f"each: {items!r}: no such list{_guess(items, lists)}; accepted: {_and(lists)}")
                return
            source, word, items = (LISTS, items), items, lists[items]
            self.used.add(source)
        if not _is_list(items) or not items:
            self._mistake(source, f"each: {items!r}: give a list of mappings, or the name of one under lists")
            return
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield (*source, index), item
            elif word is not None and isinstance(item, str | int | float):
                yield (*source, index), {word: item}
            else:
                self._mistake((*source, index), f"each: {item!r}: give a mapping of fields and words")

    def _filled(
        self, path: KeyPath, texts: Mapping[str, Any], item: Mapping[str, Any], item_path: KeyPath, model: Iterable[str]
    ) -> dict[str, tuple[Any, KeyPath]]:
        """Return the fields of the spec of one item, each with its path: the item's go before the section's."""
        words = dict(item)
        if "name" in texts and "name" not in item:
            words["name"] = self._fill(texts["name"], item, (*path, "name"))
        filled = {
            key: (words["name"] if key == "name" else self._fill(value, words, (*path, key)), (*path, key))
            for key, value in texts.items()
            if key not in item
        }
        return filled | {key: (value, (*item_path, key)) for key, value in item.items() if key in model}

    def _fill(self, value: Any, words: Mapping[str, Any], path: KeyPath) -> Any:
        """Return `value` with every `{word}` of its texts replaced."""
        if isinstance(value, Mapping):
            return {key: self._fill(part, words, (*path, key)) for key, part in value.items()}
        if _is_list(value):
            return [self._fill(part, words, (*path, index)) for index, part in enumerate(value)]
        if not isinstance(value, str):
            return value
        for word in WORD.findall(value):
            if word not in words:
                message = f"{_text(path)}: {value!r}: no word {word!r}; accepted: {_and(words)}"
                if (path, message) not in self.mistakes:
                    self._mistake(path, message)
                return value
        alone = WORD.fullmatch(value)
        return words[alone[1]] if alone else WORD.sub(lambda match: str(words[match[1]]), value)

    def _spec(self, job: str, path: KeyPath, own: Mapping[str, tuple[Any, KeyPath]]) -> Iterator[ComposedSpec]:
        """Yield the spec with the shared fields below its own; none if it has no name."""
        model = BY_NAME[job].spec.model_fields
        shared = {key: (value, (SHARED, key)) for key, value in self._mapping((SHARED,)).items() if key in model}
        self.used |= {where for _, where in shared.values()}
        fields = {**shared, **own, "job": (job, path)}
        if "job" in own:
            self._mistake((*path, "job"), "job: a section is named for its job; leave the field out")
        elif "name" not in fields:
            self._mistake(path, "name: required, and not given")
        elif not isinstance(name := fields["name"][0], str) or not re.fullmatch(NAME_PATTERN, name):
            accepted = "a text of letters, digits, dot, dash and underscore"
            self._mistake(fields["name"][1], f"name: {name!r}: accepted is {accepted}")
        else:
            order = sorted(fields, key=lambda key: [*model, key].index(key))
            yield ComposedSpec(
                job, {key: fields[key][0] for key in order}, {key: fields[key][1] for key in order}, path
            )

    def _distinct(self, specs: list[ComposedSpec]) -> Iterator[ComposedSpec]:
        """Yield the specs whose names differ from those before them."""
        names = set()
        for spec in specs:
            if spec.long_label in names:
                self._mistake(spec.section, f"name: {spec.data['name']!r}: two specs of this job have the name")
                continue
            names.add(spec.long_label)
            yield spec

    def _mapping(self, path: tuple[str]) -> Mapping[str, Any]:
        """Return the mapping under a key of the study; another value is a mistake, and counts as empty."""
        value = self.study.get(path[0], {})
        if isinstance(value, Mapping):
            return value
        message = f"{value!r}: give a mapping"
        if (path, message) not in self.mistakes:
            self._mistake(path, message)
        return {}

    def _mistake(self, path: KeyPath, message: str) -> None:
        self.mistakes.append((path, message))


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _words(value: Any) -> set[str]:
    """Return every word that the texts of `value` have in braces."""
    if isinstance(value, Mapping):
        return {word for part in value.values() for word in _words(part)}
    if _is_list(value):
        return {word for part in value for word in _words(part)}
    return set(WORD.findall(value)) if isinstance(value, str) else set()


def _text(path: KeyPath) -> str:
    return ".".join(str(part) for part in path if part not in SECTIONS)


def _guess(key: object, accepted: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(key), list(accepted), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _and(names: Iterable[object]) -> str:
    return ", ".join(map(str, names)) or "none"
