"""Seed files to test readers with, and what is said of the rows that they give."""

import io
from pathlib import Path

from keyfob.formats.rows import Credential

SAMPLES = Path(__file__).parent / "token" / "formats" / "samples"
RFC_SECRET = b"12345678901234567890"
LONG_SECRET = b"12345678901234567890123456789012"
OTHER_SECRET = b"keyfob's made-up key"


def sample(name):
    return io.BytesIO((SAMPLES / name).read_bytes())


def as_file(text):
    return io.BytesIO(text if isinstance(text, bytes) else text.encode())


def outcome(row):
    """A row in short: its line, and its serial or the name and field of its flaw."""
    content = row.content
    if isinstance(content, Credential):
        return row.line, content.serial
    return row.line, content.reason.value, content.field


def tells_of(row, text):
    """Whether a row shows a text anywhere but in its seed."""
    return text.lower() in repr((row, row.original)).lower()


class Endless(io.RawIOBase):
    """A file that never ends: the same bytes again and again; `given_bytes` counts those that were taken."""

    def __init__(self, block):
        self._block, self.given_bytes = block, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        length = min(len(buffer), len(self._block))
        buffer[:length] = self._block[:length]
        self.given_bytes += length
        return length
