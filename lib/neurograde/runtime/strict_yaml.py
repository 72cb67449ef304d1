"""YAML as people mean it: text that could be read in two ways stays text, and nothing in a file can do harm.

1e-3                  a number; YAML 1.1 requires a dot
0144, 1:40            text: YAML 1.1 reads 100 in both
2026-11-01            text
NO: 1                 the key is the text NO, as is every key
a: 1, a: 2            a mistake: a key given twice
<<: *other            the keys of the mapping *other, where there are none here
*other                bounded: a few lines of aliases can repeat a value 10⁹ times
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, ClassVar

import yaml
from yaml.constructor import ConstructorError

MOST_BYTES = 2**18
"""Longest YAML text that is read; the longest spec of this repository has some 4,000 bytes."""
DEEPEST = 50
"""Most levels of lists and mappings in each other."""
MOST_ALIASED = 20_000
"""Most values that the aliases of a document repeat."""
MOST_DIGITS = 40
"""Longest number."""
CORE = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge"))
"""Tags that are read: those that JSON has values for, and the merge key."""
NULL, BOOL, INT, FLOAT, STR, _, _, MERGE = CORE
SURROGATES = re.compile("[\ud800-\udfff]")


class StrictDumper(yaml.SafeDumper):
    """A writer of YAML that `StrictLoader`, and other readers of YAML, read back unchanged: a name 1e-3 is quoted."""


class StrictLoader(yaml.SafeLoader):
    """A reader of YAML as people mean it; everything that it cannot read is a YAMLError with its line."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {
        tag: constructor for tag, constructor in yaml.SafeLoader.yaml_constructors.items() if tag in (*CORE, None)
    }
    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML declares it

    def compose_document(self) -> Any:
        """Return the node of the next document, with aliases counted from zero."""
        self.depth, self.aliased, self.values_in = 0, 0, dict[int, int]()
        self.values = 0
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node; ConstructorError if it is too deep, in itself, or a key that is not text."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            return self._compose_alias(parent, index, event)
        if self.depth >= DEEPEST:
            raise _mistake(f"lists and mappings are nested more than {DEEPEST} levels deep", event.start_mark)
        before, self.values, self.depth = self.values, self.values + 1, self.depth + 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        self.values_in[id(node)] = self.values - before
        if isinstance(parent, yaml.MappingNode) and index is None:
            _make_key(node)
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Return the next mapping; ConstructorError for a key that it gives twice."""
        node = super().compose_mapping_node(anchor)
        seen = set[tuple[str, str]]()
        for key, _value in node.value:
            if (key.tag, key.value) in seen:
                raise _mistake(f"the key {key.value!r} is given twice", key.start_mark)
            seen.add((key.tag, key.value))
        return node

    def flatten_mapping(self, node: Any) -> None:
        """Put the pairs of merged mappings into `node`: its own keys hold, then those of the first that has them."""
        merged = [value for key, value in node.value if key.tag == MERGE]
        if not merged:
            return
        own = [(key, value) for key, value in node.value if key.tag != MERGE]
        pairs: dict[str, Any] = {}
        for value in merged:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise _mistake("the key << takes mappings, given as *name or in a list", source.start_mark)
                self.flatten_mapping(source)
                for key, inner in source.value:
                    pairs.setdefault(key.value, (key, inner))
        held = {key.value for key, _value in own}
        node.value = [*(pair for name, pair in pairs.items() if name not in held), *own]

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return the value of `node`; ConstructorError, with the line, if it has none."""
        if node.tag in (INT, FLOAT) and len(node.value) > MOST_DIGITS:
            raise _mistake(f"a number of {len(node.value):,} characters; accepted are {MOST_DIGITS}", node.start_mark)
        try:
            value = super().construct_object(node, deep=deep)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
            kind = node.tag.rpartition(":")[-1]
            raise _mistake(f"{str(node.value)[:80]!r} cannot be read as !!{kind}", node.start_mark) from None
        return _whole_text(value, node) if isinstance(value, str) else value

    def _compose_alias(self, parent: Any, index: Any, event: Any) -> Any:
        node = super().compose_node(parent, index)
        if id(node) not in self.values_in:  # its end has not come yet
            raise _mistake(f"*{event.anchor} is within &{event.anchor} itself", event.start_mark)
        if isinstance(parent, yaml.MappingNode) and index is None:
            raise _mistake(f"*{event.anchor} is a key: write the key itself", event.start_mark)
        self.aliased += self.values_in[id(node)]
        self.values += self.values_in[id(node)]
        if self.aliased > MOST_ALIASED:
            many = f"more than {MOST_ALIASED:,} values; *{event.anchor} for {self.values_in[id(node)]:,}"
            raise _mistake(f"aliases repeat {many}", event.start_mark)
        return node


def _add_resolvers() -> None:
    kept = {BOOL, NULL, MERGE}
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
        StrictLoader.yaml_implicit_resolvers[first] = [resolver for resolver in resolvers if resolver[0] in kept]
    number = list("-+.0123456789")
    StrictLoader.add_implicit_resolver(
        INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*|0b[01][01_]*|0x[0-9a-fA-F][0-9a-fA-F_]*)$"), number
    )
    StrictLoader.add_implicit_resolver(
        FLOAT,
        re.compile(
            r"^([-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"
            r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
        ),
        number,
    )
    StrictDumper.add_implicit_resolver(FLOAT, re.compile(r"^[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$"), number)


_add_resolvers()


def parse(data: bytes | str) -> Any:
    """Return the value of a YAML, or JSON, document.

    Raises:
        ValueError: it cannot be read; names the reason, with line and column.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has {len(data):,} bytes; accepted are {MOST_BYTES:,}")
    text = _spaced(data if isinstance(data, str) else _decoded(data))
    try:
        return yaml.load(text, StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ValueError(f"line {line}: the character U+{error.character:04X} is not accepted") from None
    except yaml.YAMLError as error:
        raise ValueError(reason(error)) from None


def reason(error: yaml.YAMLError) -> str:
    """Return what is wrong with a YAML text, on one line that begins with line and column if they are known."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = " ".join(part for part in (error.context, error.problem) if part)
    if "'\\t'" in problem:
        problem = "a tab: YAML is indented with blanks"
    return f"{where}{' '.join(problem.split())}"


def _decoded(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: the byte 0x{data[error.start]:02x} is not UTF-8: save it as UTF-8") from None


def _spaced(text: str) -> str:
    """Return the text, with blanks for its tabs if it is JSON: YAML has no tabs between values, JSON none in them."""
    if "\t" in text and text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return text
        return text.replace("\t", " ")
    return text


def _make_key(node: Any) -> None:
    """Make the text of a key its value: NO and 1 are texts there, as people mean them."""
    if not isinstance(node, yaml.ScalarNode):
        raise _mistake("a list or a mapping is a key: keys are text", node.start_mark)
    if node.tag != MERGE:
        node.tag = STR


def _whole_text(text: str, node: Any) -> str:
    """Return the text, with pairs of surrogates joined as JSON writes them; ConstructorError for a half or a NUL."""
    if SURROGATES.search(text):
        try:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise _mistake("half of a surrogate pair (\\ud800 to \\udfff) is no character", node.start_mark) from None
    if "\0" in text:
        raise _mistake("the character U+0000 is in a text", node.start_mark)
    return text


def _mistake(problem: str, mark: Any) -> ConstructorError:
    return ConstructorError(None, None, problem, mark)
