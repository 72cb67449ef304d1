"""The frame of every command: arguments, exit code, log, signals.

    @job(AugmentSpec)
    def augment(job: Job[AugmentSpec]) -> None: ...        a job: it reads a spec and makes an artefact

    @command(declare)
    def verify(arguments: Namespace) -> int | None: ...    any other command; `declare` adds its arguments

    if __name__ == "__main__":
        sys.exit(augment.main())

The name of a command is that of its function and its module; its help is the docstring of the module.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn

from neurograde.errors import UsageError
from neurograde.runtime import exits, extras, invocation, specfile
from neurograde.runtime.dry_run import outline
from neurograde.runtime.job import Job
from neurograde.runtime.specfile import SpecT
from neurograde.specs.catalogue import BY_NAME, JOBS
from neurograde.storage.store import Store


class Parser(ArgumentParser):
    """A parser whose usage errors leave through the error tree, with exit code 64 instead of argparse's 2."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with `message` and the usage of the command."""
        raise UsageError(f"{message}; usage: {' '.join(self.format_usage().split()[1:])}")


@dataclass(frozen=True)
class Command:
    """A command that makes no artefact."""

    body: Callable[[Namespace], int | None]
    """The work. Its arguments have the words of the command line as `words`; it returns an exit code, or None for 0."""
    declare: Callable[[Parser], None]
    """A function that adds the command's arguments to a parser."""

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run the command with the arguments `argv` (the process's own when not given); return the exit code."""
        words = sys.argv[1:] if argv is None else [*argv]
        return exits.run(self.body.__name__, lambda: self.body(self.parser().parse_args(words, Namespace(words=words))))

    def parser(self) -> Parser:
        """Return the parser of the command line."""
        parser = _parser_of(self.body)
        self.declare(parser)
        return parser


@dataclass(frozen=True)
class Entry(Generic[SpecT]):
    """A job that can be run: the model of its spec, and its body."""

    model: type[SpecT]
    body: Callable[[Job[SpecT]], None]
    elsewhere: bool = False
    """True if its artefact may go into another store than the one that it reads, with `--into`."""

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run the job with the arguments `argv` (the process's own when not given); return the exit code."""
        return exits.run(self.body.__name__, lambda: self._run(self.parser().parse_args(argv)))

    def parser(self) -> Parser:
        """Return the parser of the command line."""
        parser = _parser_of(self.body)
        add_spec(parser)
        parser.add_argument("--replace", action="store_true", help="replace an artefact of the same name")
        parser.add_argument("--dry-run", action="store_true", help="print what would be read, made and skipped")
        if self.elsewhere:
            parser.add_argument("--into", metavar="URL", help="write into this store, and only read the spec's")
        return parser

    def _run(self, arguments: Namespace) -> None:
        spec, source = read_spec(self.model, arguments)
        name = self.body.__name__
        extras.require(name, BY_NAME[name].extras if name in BY_NAME else ())
        url = arguments.into if self.elsewhere else None
        into = Store(specfile.check_store_option("--into", url)) if url else None
        job = Job(spec, Store(spec.store), source, arguments.replace, into)
        if arguments.dry_run:
            for line in outline(name, job):
                print(line)
            return
        self.body(job)


def job(model: type[SpecT], *, elsewhere: bool = False) -> Callable[[Callable[[Job[SpecT]], None]], Entry[SpecT]]:
    """Return a decorator that makes a function of a `Job` a job that reads specs of `model`.

    Args:
        model: Model of the spec.
        elsewhere: Give the job the option `--into`.
    """
    return lambda body: Entry(model, body, elsewhere)


def command(declare: Callable[[Parser], None]) -> Callable[[Callable[[Namespace], int | None]], Command]:
    """Return a decorator that makes a function of parsed arguments a command; `declare` adds the arguments."""
    return lambda body: Command(body, declare)


def add_spec(parser: Parser) -> None:
    """Add the arguments for the spec, and for the fields of it that are overridden."""
    parser.add_argument("spec", metavar="SPEC", help="path or URL of the job's YAML spec; of a study: study.yaml#LABEL")
    parser.add_argument("--store", metavar="URL", help="use this store instead of the spec's")
    parser.add_argument("--set", metavar="KEY.PATH=VALUE", action="append", default=[], help="override a field")


def read_spec(model: type[SpecT], arguments: Namespace) -> tuple[SpecT, str]:
    """Return the spec that the arguments of `add_spec` name, validated, and its source.

    A study without the label of a spec is asked for its only one of the job.
    """
    jobs = [entry.name for entry in JOBS if entry.spec is model and not entry.is_ahead]
    source, data = specfile.load_from(arguments.spec, jobs, arguments.set, arguments.store)
    return specfile.validate(model, data, source), source


def _parser_of(body: Callable[..., Any]) -> Parser:
    return Parser(
        prog=invocation.shown(body.__name__),
        description=invocation.adapted(sys.modules[body.__module__].__doc__ or ""),
        formatter_class=RawDescriptionHelpFormatter,
    )
