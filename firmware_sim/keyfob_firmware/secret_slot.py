"""Where a sealed secret lies in non-volatile memory: written so that a loss of power leaves it whole or absent.

A mark tells how far a write got. It says "writing" before the first byte changes and "held" after the last one, and
what lies under any other mark is never used. The marks differ from each other in four bits or more, so no single flipped
bit turns one into another.
"""

import struct
import zlib

from keyfob_firmware.memory import BLANK, Memory

EMPTY, WRITING, HELD, ERASING = BLANK, 0xA5, 0x5A, 0x33

_HEADER = struct.Struct(">HI")
_MARK_BYTES = 1


class DamagedSecretError(Exception):
    """A secret's bytes are not what was written. It never leaves the fob, which then shows no code."""


class SecretSlot:
    """Some bytes, already sealed.

    Args:
        memory: where they lie.
        at: from this address on: a mark, the length, a CRC, the bytes.
        size: how much of the memory is theirs.
    """

    def __init__(self, memory: Memory, at: int, size: int) -> None:
        self._memory, self._at, self._size = memory, at, size

    @property
    def capacity(self) -> int:
        """The bytes that it can hold."""
        return self._size - _MARK_BYTES - _HEADER.size

    @property
    def empty(self) -> bool:
        """Whether nothing was written, or all of it erased."""
        return self._mark == EMPTY

    def read(self) -> bytes:
        """What it holds.

        Raises:
            DamagedSecretError: nothing, or it was altered.
        """
        length, crc = _HEADER.unpack(self._memory.read(self._at + _MARK_BYTES, _HEADER.size))
        content = self._memory.read(self._at + _MARK_BYTES + _HEADER.size, length)
        if self._mark != HELD or length > self.capacity or zlib.crc32(content) != crc:
            raise DamagedSecretError
        return content

    def write(self, content: bytes) -> None:
        """Writes into an empty slot.

        Raises:
            PowerLostError: the supply failed: `mend` then finds out whether it was written.
            ValueError: the slot has no room for so many bytes.
        """
        if len(content) > self.capacity:
            raise ValueError(f"a slot with room for {self.capacity} bytes, and these are {len(content)}")
        self._set_mark(WRITING)
        body = _HEADER.pack(len(content), zlib.crc32(content)) + content
        self._memory.write(self._at + _MARK_BYTES, body)
        self._set_mark(HELD)

    def erase(self) -> None:
        """Overwrites what it holds, the secret first.

        Raises:
            PowerLostError: the supply failed: `mend` goes on with it.
        """
        self.wipe()
        self._set_mark(EMPTY)

    def wipe(self) -> None:
        """Overwrites what it holds, and leaves it to `erase` to say that this is complete. Raises what that raises."""
        self._set_mark(ERASING)
        self._memory.erase(self._at + _MARK_BYTES, self._size - _MARK_BYTES)

    def mend(self) -> bool:
        """At a start: erases what a loss of power left half written or half erased, and tells whether it found any.

        Raises:
            PowerLostError: the supply failed: the next start finds it.
        """
        torn = self._mark in {WRITING, ERASING}
        if torn:
            self.erase()
        return torn

    @property
    def erasing(self) -> bool:
        """Whether an erasure was not completed."""
        return self._mark == ERASING

    @property
    def _mark(self) -> int:
        return self._memory.byte(self._at)

    def _set_mark(self, mark: int) -> None:
        self._memory.write(self._at, bytes([mark]))
