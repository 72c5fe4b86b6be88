"""Where the log goes, with or without room for it."""

import io
from typing import TextIO


class Unfailing(io.TextIOBase):
    """A text stream that passes everything on, and loses what cannot be written: a full disk costs the log, not the answers.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes it, or not."""
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Hands over what was written, as far as that can be done."""
        try:
            self._stream.flush()
        except OSError:
            return
