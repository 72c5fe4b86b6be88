"""SHA-256 over rows, the same whichever database they were read from."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Any

_REAL = struct.Struct(">d")
_LENGTH = struct.Struct(">cI")


class RowsDigest:
    """What rows hold, in the order in which they are told: no two sequences of rows have the same encoding."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.row_count = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Goes on with these rows of integers, reals, texts, bytes and nulls."""
        for row in rows:
            self._hash.update(_LENGTH.pack(b"r", len(row)))
            for value in row:
                self._hash.update(_encoded(value))
            self.row_count += 1

    def hexdigest(self) -> str:
        """Of all rows so far."""
        return self._hash.hexdigest()


def _encoded(value: object) -> bytes:
    match value:
        case None:
            kind, content = b"n", b""
        case int():
            kind, content = b"i", str(int(value)).encode()
        case float():
            kind, content = b"d", _REAL.pack(value)
        case str():
            kind, content = b"s", value.encode()
        case bytes() | bytearray() | memoryview():
            kind, content = b"b", bytes(value)
        case _:
            raise TypeError(f"a database row holds a {type(value).__name__}")
    return _LENGTH.pack(kind, len(content)) + content
