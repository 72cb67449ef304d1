"""The base of every spec and record: frozen, strict, no unknown keys, a format number.

A spec is validated as JSON in strict mode (`Model.parse`): a list may become a tuple, but "3" never becomes 3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.maths.text import has_secrets, without_secrets

FORMAT = 1

SHARE = re.compile(r"[^eE]{1,40}([eE][-+]?[0-9]{1,2})?")
"""Texts that may be a share: 1e-4000000 takes millions of digits to compute."""


def _readable_format(value: int) -> int:
    if value > FORMAT:
        raise ValueError(f"format {value} is newer than this neurograde, which reads up to {FORMAT}: update it")
    return value


def _exact_share(value: object) -> Fraction:
    # Through the decimal text: 0.15 is meant as 3/20, not as the nearest binary fraction.
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | float | str) and not isinstance(value, bool) and SHARE.fullmatch(str(value).strip()):
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            pass
    raise ValueError(f"{str(value)[:40]!r} is no share: give a number like 0.15 or a fraction like '1/3'")


def check_store_url(url: str) -> str:
    """Return `url` if it names a store and not, by a slip, a folder of the working directory.

    Raises:
        ValueError: a slash of `gs://` is missing, it is a path of Windows, or holds a control character; names what is
            accepted.
    """
    scheme, slashes, rest = url.partition("://")
    local = rest if scheme in ("file", "local") else "" if slashes else url
    if ":" in local.split("/")[0] or "\\" in url or not url.isprintable():
        raise ValueError(
            f"{url!r} is no store: accepted are gs://bucket/folder, s3://bucket/folder, memory://folder, folders as "
            "out/study, file://out/study or file:///mnt/study, without a backslash, and with a colon only as ./a:b"
        )
    return url


Format = Annotated[int, Field(ge=1), AfterValidator(_readable_format)]
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""An artefact's name: a folder in the store, so no slashes and no leading dot."""
Share = Annotated[
    Fraction,
    BeforeValidator(_exact_share),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}], "title": "Share"}),
]
"""An exact fraction: 0.15, or '1/3'."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Pixels = Annotated[int, Field(ge=0)]


class Model(BaseModel):
    """A frozen model that refuses unknown keys and takes its field docstrings as descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    @classmethod
    def parse(cls, data: Mapping[str, Any] | bytes | str) -> Self:
        """Validate `data` (a mapping, or JSON text) in strict JSON mode; raises pydantic's ValidationError."""
        text = data if isinstance(data, bytes | str) else json.dumps(data, default=str)
        return cls.model_validate_json(text)


class Record(Model):
    """Record that a job leaves behind: written once, readable for good, refused by name when its format is newer."""

    format: Format = FORMAT

    def encode(self) -> bytes:
        """Return the record as canonical JSON: equal records are equal bytes."""
        return canonical_json(self.model_dump(mode="json"))


def is_none(value: object) -> bool:
    """Return True for None: a field with `exclude_if=is_none` has no key in the file then."""
    return value is None


class Sealed(Record):
    """Record with a digest of its content, so that a change is noticed; none in records of the first versions."""

    digest: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """Digest of all other fields."""

    def sealed(self) -> Self:
        """Return the record with its digest."""
        return self.model_copy(update={"digest": self._content()})

    @model_validator(mode="after")
    def _is_what_its_digest_says(self) -> Self:
        if self.digest not in (None, self._content()):
            raise ValueError(f"it records the digest {self.digest}, and its content has {self._content()}")
        return self

    def _content(self) -> str:
        """Return the digest of the content. Fields at their default are left out: a later one changes no digest."""
        return sha256_hex(canonical_json(self.model_dump(mode="json", exclude={"digest"}, exclude_defaults=True)))


class JobSpec(Model):
    """Fields of every job: its name in the store, the store, and the grid region it draws power from."""

    format: Format = FORMAT
    """Format of this spec; a newer one than the program knows is refused."""
    job: str
    """The job this spec is for."""
    name: Name
    """Name of the artefact that the job makes: letters, digits, dot, dash, underscore."""
    store: Annotated[str, Field(min_length=1), AfterValidator(check_store_url)]
    """Store of all artefacts, any fsspec URL: `gs://bucket/study`, `file://out/demo`; `--store` overrides it."""
    region: str
    """Electricity region charged in the carbon record: a cloud region (`europe-west4`) or a country code (`FRA`)."""

    @model_validator(mode="after")
    def _hold_no_secrets(self) -> Self:
        for text in _texts(self.model_dump(mode="json")):
            if "://" in text and has_secrets(text):
                raise ValueError(
                    f"{without_secrets(text)}: a URL must not hold credentials, for manifests and logs keep it; give "
                    "them through the environment"
                )
        return self

    PLACEMENT: ClassVar[frozenset[str]] = frozenset({"store", "region", "workers", "device"})
    """Fields that affect where and how fast, but not the result: they stay out of the digest."""

    def identity(self) -> dict[str, Any]:
        """Return the identity of the spec as JSON values: all fields except placement and those at their default.

        Without the defaults, a field that a later version adds leaves the digests of older specs as they are. So a
        default, once released, never changes.
        """
        return self.model_dump(mode="json", exclude=set(self.PLACEMENT), exclude_defaults=True)

    def digest(self) -> str:
        """SHA-256 of the identity: equal for two specs that ask for the same artefact."""
        return sha256_hex(canonical_json(self.identity()))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def check_classes(classes: Sequence[str], positive: str) -> None:
    """ValueError unless the classes differ and `positive` is one of them."""
    if len(set(classes)) < len(classes):
        raise ValueError(f"classes {list(classes)} must differ")
    if positive not in classes:
        raise ValueError(f"positive {positive!r} must be one of the classes {list(classes)}")
