"""Why a command of a README would not run: a target, a variable, an option, a spec or a file that does not exist."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from neurograde.errors import NeurogradeError
from neurograde.runtime.spec_folder import specs_of
from neurograde.runtime.specfile import load, load_from, validate
from neurograde.runtime.study_file import is_study, split_source
from neurograde.specs.catalogue import BY_NAME, JOBS
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.train import TrainSpec

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
VIEWED = (PredictSpec, EvaluateSpec)
FOLDERS = ("jobs/", "k8s/", "lib/", "specs/", "tests/")


class Parsed(BaseException):
    """The arguments of a command, raised in place of running it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        super().__init__()
        self.arguments = arguments


def faults(words: list[str]) -> Iterator[str]:
    """Yield each reason why the command would not run."""
    for word in words:
        path, _ = split_source(word.rpartition("=")[2])
        if path.startswith(FOLDERS) and not (ROOT / path).exists():
            yield f"{path} does not exist"
            return
    if words[0] == "make":
        yield from _faults_of_make(words[1:])
    elif words[0].endswith("python") and words[1] == "-m":
        yield from _faults_of_module(words[2], words[3:])
    elif words[0] == "neurograde" and words[1] not in ("--help", "--version"):
        yield from _faults_of_module(f"jobs.{words[1]}", words[2:])


def _faults_of_make(words: list[str]) -> Iterator[str]:
    """Expand the target's recipe as make would, and check the Python that it runs."""
    variables = dict(word.split("=", 1) for word in words if "=" in word)
    for target in (word for word in words if "=" not in word):
        rule = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE)
        if rule is None:
            yield f"make has no target {target}"
            continue
        unused = [name for name in variables if f"$({name})" not in rule[0] and not _is_global(name)]
        yield from (f"make {target} does not use {name}" for name in unused)
        if unused or not variables:  # a target named in a sentence
            continue
        for line in _expanded(rule[1].replace("\\\n", " "), variables).splitlines():
            call = re.match(r"\s*\$\(RUN\) -m (\S+)(.*)", line)
            if call:
                yield from _faults_of_module(call[1], shlex.split(call[2]))


def _is_global(name: str) -> bool:
    """Return True for a variable that the Makefile defines for all targets."""
    return re.search(rf"^{name} [?:]?=", MAKEFILE, re.MULTILINE) is not None


def _expanded(recipe: str, variables: dict[str, str]) -> str:
    """Return the recipe with its variables and its `or` and `if` replaced."""
    text = re.sub(r"\$\((?!RUN\)|or |if )([A-Z]+)\)", lambda match: variables.get(match[1], ""), recipe)
    text = re.sub(r"\$\(or ([^,()]*),([^()]*)\)", lambda match: match[1] or match[2], text)
    return re.sub(r"\$\(if ([^,()]*),([^()]*)\)", lambda match: match[2] if match[1] else "", text)


def _faults_of_module(name: str, arguments: list[str]) -> Iterator[str]:
    """Let the module's parser read the arguments, then validate the specs that they name."""
    try:
        exists = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        exists = False
    if not exists:
        yield f"there is no module {name}"
        return
    paths = [split_source(argument)[0] for argument in arguments if argument.startswith(FOLDERS)]
    missing = [path for path in paths if not (ROOT / path).exists()]
    yield from (f"{path} does not exist" for path in missing)
    if missing:
        return
    if name == "tests.bench":
        from tests.bench.__main__ import benchmarks

        yield from (f"there is no benchmark {figure}" for figure in arguments if figure not in benchmarks())
    elif name.startswith("jobs.") or name == "tests.rehearsal":
        parsed = _parsed(name, arguments)
        if parsed is None:
            yield f"{name} refuses {shlex.join(arguments)}"
        else:
            yield from _faults_of_specs(name, parsed)


def _parsed(name: str, arguments: list[str]) -> argparse.Namespace | None:
    """Return the arguments as the module's parser reads them; None when it refuses them."""
    module = importlib.import_module(f"{name}.__main__" if name == "tests.rehearsal" else name)
    main = getattr(module, "main", None) or getattr(module, name.rpartition(".")[2]).main
    parse = argparse.ArgumentParser.parse_args

    def stop_after_parsing(parser: argparse.ArgumentParser, *_: object) -> None:
        raise Parsed(parse(parser, arguments))

    with patch.object(argparse.ArgumentParser, "parse_args", stop_after_parsing), patch.object(sys, "argv", [name]):
        try:
            main()
        except Parsed as parsed:
            return parsed.arguments
        except SystemExit:
            return None
    return None


def _faults_of_specs(name: str, arguments: argparse.Namespace) -> Iterator[str]:
    """Validate the spec or the folder of specs that a job is called with."""
    source = next(
        (getattr(arguments, key) for key in ("spec", "specs", "source", "folder") if hasattr(arguments, key)), None
    )
    if source is None or name == "jobs.cluster":
        return
    path = ROOT / source
    overrides, store = getattr(arguments, "set", None) or (), getattr(arguments, "store", None)
    try:
        if hasattr(arguments, "spec"):
            models = VIEWED if name == "jobs.view" else (_model(name.removeprefix("jobs.")),)
            jobs = [entry.name for entry in JOBS if entry.spec in models and not entry.is_ahead]
            source, data = load_from(str(path), jobs, overrides, store)
            validate(BY_NAME[data["job"]].spec if data.get("job") in jobs else models[0], data, source)
            return
        for spec in specs_of(path) if path.is_dir() or is_study(source) else [str(path)]:
            data = load(spec, overrides, store)
            validate(_model(data["job"]), data, spec)
    except NeurogradeError as error:
        yield str(error).replace(f"{ROOT}/", "")


def _model(job: str) -> type:
    """Return the model of the spec that a job reads."""
    return BY_NAME[job].spec if job in BY_NAME else TrainSpec  # watch reads the spec of train
