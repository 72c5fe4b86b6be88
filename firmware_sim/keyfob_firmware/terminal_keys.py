"""The keys of a terminal, one at a time, as they are pressed."""

import os
import select
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

END = ""
"""What is read where no key will follow."""


class Keys(Protocol):
    """Where pressed keys come from."""

    def next(self, wait_s: float) -> str | None:
        """The next key; None if there was none for so long, `END` if there will be none."""


class TerminalKeys:
    """The keys of an open terminal that hands them over unbuffered."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def next(self, wait_s: float) -> str | None:
        """The next key; None if there was none for so long, `END` if there will be none."""
        if not select.select([self._descriptor], [], [], wait_s)[0]:
            return None
        return os.read(self._descriptor, 1).decode("latin-1")


@contextmanager
def terminal_keys(descriptor: int) -> Iterator[TerminalKeys]:
    """A terminal's keys in a `with` block; at its end the terminal is as it was."""
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield TerminalKeys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
