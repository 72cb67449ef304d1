"""The base of every result: fields in the order of the keys in the file, written strictly and read leniently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from neurograde.specs.base import FORMAT, Format


class Part(BaseModel):
    """A JSON object inside a result file. A reader ignores keys that a later version added."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)

    FIRST: ClassVar[tuple[str, ...]] = ()
    """Keys that come before those of the base class."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the result of `values`, refusing a key that the schema lacks: what is written is what is read."""
        return cls.model_validate(values, extra="forbid")

    def as_json(self) -> dict[str, Any]:
        """Return the values of the file, in the order of its keys."""
        return self.model_dump(mode="json")

    @model_serializer(mode="wrap")
    def _in_order(self, fields: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = fields(self)
        return {key: values[key] for key in self.FIRST if key in values} | values


class Result(Part):
    """A result file; each has a format number."""

    format: Format = FORMAT
    """Format of the file; a newer one than the program knows is refused."""
