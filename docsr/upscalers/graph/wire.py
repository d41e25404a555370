"""Messages of Protocol Buffers, read strictly: what two readers could take for different things is refused.

A number is written in as few bytes as it needs, a field that is single comes once, and every field is one of those that
are described. Fields may come in any order. Nothing is copied but small numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_FIELDS = 1 << 22
"""Fields and numbers that a file may have, so that reading it takes seconds at most."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST = 10
"""Bytes of a number of 64 bits."""

_OF_A_VIEW = 3
"""What a piece of the file counts for more than a number: it takes as much more memory."""


class WireError(ValueError):
    """A message that is cut off, or written as no program of ours or others' writes it."""


class RefusedField(ValueError):
    """A field that is known and not allowed; its argument says in words what it is."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        name: its name.
        wire: ``int`` (a varint, signed), ``bytes`` (also text and messages), ``f4`` or ``f8`` (floats of so
            many bytes).
        many: whether it may come more than once; numbers may then be packed.
        refused: why it may not come, or None.
    """

    name: str
    wire: str = "bytes"
    many: bool = False
    refused: str | None = None


Schema = Mapping[int, Field]
_WIRES = {"int": _VARINT, "bytes": _BYTES, "f4": _FIXED32, "f8": _FIXED64}
_FLOATS = {"f4": "<f4", "f8": "<f8"}


class Reader:
    """Reads the messages of one file, of MOST_FIELDS fields in all."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def read(self, data: memoryview, schema: Schema) -> dict[str, list[Any]]:
        """Return the values of a message by the names of its fields, each in the order in which they came.

        Args:
            data: its bytes.
            schema: its fields by number.

        Returns:
            Signed integers, floats, and memoryviews; fields that do not come have no entry.

        Raises:
            WireError: it is damaged, has a field that the schema lacks, or too many.
            RefusedField: it has a field that is refused.
        """
        values: dict[str, list[Any]] = {}
        at = 0
        while at < len(data):
            tag, at = self._varint(data, at)
            number, wire = tag >> 3, tag & 7
            field = schema.get(number) if tag < 1 << 32 else None
            if field is None:
                raise WireError(f"it has a field {number} that is not known")
            if field.refused is not None:
                raise RefusedField(field.refused)
            found, at = self._value(data, at, field, wire)
            if field.many:
                values.setdefault(field.name, []).extend(found)
            elif values.setdefault(field.name, found) is not found:
                raise WireError(f"its field {field.name} comes twice")
        return values

    def _value(self, data: memoryview, at: int, field: Field, wire: int) -> tuple[list[Any], int]:
        """The value or packed values at a place, and the place after them."""
        if wire == _BYTES:
            size, at = self._varint(data, at)
            chunk = _slice(data, at, size)
            if field.wire == "bytes":
                self._spend(_OF_A_VIEW)
                return [chunk], at + size
            if not field.many:
                raise WireError(f"its field {field.name} is of another kind")
            return self._unpacked(chunk, field.wire), at + size
        if wire != _WIRES[field.wire]:
            raise WireError(f"its field {field.name} is of another kind")
        if wire == _VARINT:
            value, at = self._varint(data, at)
            return [_signed(value)], at
        size = np.dtype(_FLOATS[field.wire]).itemsize
        self._spend(1)
        return np.frombuffer(_slice(data, at, size), _FLOATS[field.wire]).tolist(), at + size

    def _unpacked(self, chunk: memoryview, wire: str) -> list[Any]:
        if wire in _FLOATS:
            kind = np.dtype(_FLOATS[wire])
            if len(chunk) % kind.itemsize:
                raise WireError("its floats are cut off")
            self._spend(len(chunk) // kind.itemsize)
            return list(np.frombuffer(chunk, kind).tolist())
        numbers, at = list[int](), 0
        while at < len(chunk):
            value, at = self._varint(chunk, at)
            numbers.append(_signed(value))
        return numbers

    def _varint(self, data: memoryview, at: int) -> tuple[int, int]:
        self._spend(1)
        if at < len(data) and data[at] < 128:
            return data[at], at + 1
        value = 0
        for place, byte in enumerate(data[at : at + _LONGEST]):
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                if (place and not byte) or value >= 1 << 64:
                    raise WireError("it has a number that is longer than it need be")
                return value, at + place + 1
        raise WireError("it ends within a number")

    def _spend(self, fields: int) -> None:
        self._left -= fields
        if self._left < 0:
            raise WireError(f"it has more than {MOST_FIELDS:,} fields")


def _slice(data: memoryview, at: int, size: int) -> memoryview:
    if size > len(data) - at:
        raise WireError("it ends within a field")
    return data[at : at + size]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
