"""Read messages of Protocol Buffers strictly, and refuse what two readers could interpret differently.

A number must use as few bytes as possible, a single field must occur at most once, and the schema must list every
field. Fields may come in any order. Only small numbers are copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_FIELDS = 1 << 22
"""The most fields and numbers of a file, so that reading it takes at most seconds."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST = 10
"""The most bytes of a 64-bit number."""

_VIEW_COST = 3
"""The count of a memoryview of the file towards MOST_FIELDS. A number counts 1; a view takes that much more memory."""


class WireError(ValueError):
    """The message is cut off, or is encoded as no ordinary program encodes it."""


class RefusedField(ValueError):
    """The message has a field that docsr refuses. The message of the error says which and why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        name: its name.
        wire: ``int`` (a signed varint), ``bytes`` (also text and messages), ``f4`` or ``f8`` (floats of 4 or 8 bytes).
        many: whether it may occur more than once; numbers may then be packed.
        refused: why it is refused, or None if it is allowed.
    """

    name: str
    wire: str = "bytes"
    many: bool = False
    refused: str | None = None


Schema = Mapping[int, Field]
_WIRES = {"int": _VARINT, "bytes": _BYTES, "f4": _FIXED32, "f8": _FIXED64}
_FLOATS = {"f4": "<f4", "f8": "<f8"}


class Reader:
    """Read the messages of one file, with at most MOST_FIELDS fields in total."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def read(self, data: memoryview, schema: Schema) -> dict[str, list[Any]]:
        """Return the values of a message by field name, in the order of the message.

        Args:
            data: the message's bytes.
            schema: the message's fields by number.

        Returns:
            Signed integers, floats and memoryviews. A field that does not occur has no entry.

        Raises:
            WireError: the message is damaged, has a field that the schema lacks, or has too many fields.
            RefusedField: the message has a refused field.
        """
        values: dict[str, list[Any]] = {}
        at = 0
        while at < len(data):
            tag, at = self._varint(data, at)
            number, wire = tag >> 3, tag & 7
            field = schema.get(number) if tag < 1 << 32 else None
            if field is None:
                raise WireError(f"it has an unknown field {number}")
            if field.refused is not None:
                raise RefusedField(field.refused)
            found, at = self._value(data, at, field, wire)
            if field.many:
                values.setdefault(field.name, []).extend(found)
            elif values.setdefault(field.name, found) is not found:
                raise WireError(f"its field {field.name} occurs twice")
        return values

    def _value(self, data: memoryview, at: int, field: Field, wire: int) -> tuple[list[Any], int]:
        """Return the value or packed values at a position, and the position after them."""
        if wire == _BYTES:
            size, at = self._varint(data, at)
            chunk = _slice(data, at, size)
            if field.wire == "bytes":
                self._count(_VIEW_COST)
                return [chunk], at + size
            if not field.many:
                raise WireError(f"its field {field.name} has the wrong type")
            return self._unpacked(chunk, field.wire), at + size
        if wire != _WIRES[field.wire]:
            raise WireError(f"its field {field.name} has the wrong type")
        if wire == _VARINT:
            value, at = self._varint(data, at)
            return [_signed(value)], at
        size = np.dtype(_FLOATS[field.wire]).itemsize
        self._count(1)
        return np.frombuffer(_slice(data, at, size), _FLOATS[field.wire]).tolist(), at + size

    def _unpacked(self, chunk: memoryview, wire: str) -> list[Any]:
        if wire in _FLOATS:
            kind = np.dtype(_FLOATS[wire])
            if len(chunk) % kind.itemsize:
                raise WireError("its floats are cut off")
            self._count(len(chunk) // kind.itemsize)
            return list(np.frombuffer(chunk, kind).tolist())
        numbers, at = list[int](), 0
        while at < len(chunk):
            value, at = self._varint(chunk, at)
            numbers.append(_signed(value))
        return numbers

    def _varint(self, data: memoryview, at: int) -> tuple[int, int]:
        self._count(1)
        if at < len(data) and data[at] < 128:
            return data[at], at + 1
        value = 0
        for place, byte in enumerate(data[at : at + _LONGEST]):
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                if (place and not byte) or value >= 1 << 64:
                    raise WireError("it has a number with more bytes than needed")
                return value, at + place + 1
        raise WireError("it ends within a number")

    def _count(self, fields: int) -> None:
        self._left -= fields
        if self._left < 0:
            raise WireError(f"it has more than {MOST_FIELDS:,} fields")


def _slice(data: memoryview, at: int, size: int) -> memoryview:
    if size > len(data) - at:
        raise WireError("it ends within a field")
    return data[at : at + size]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
