"""The fob's non-volatile memory: bytes that are written one at a time, and a supply that may fail before any of them."""

from dataclasses import dataclass

SIZE = 4096
"""Bytes; each is 0xFF until it is written."""

BLANK = 0xFF


class PowerLostError(Exception):
    """The supply failed between two steps of the firmware. It never leaves the fob, which starts anew."""


@dataclass(frozen=True, slots=True)
class BrownOut:
    """A supply that is going to fail.

    Attributes:
        after_writes: memory writes that still succeed, each time.
        times: how often it fails, one after the other.
    """

    after_writes: int
    times: int


class Memory:
    """Simulated EEPROM.

    Args:
        image: what it holds, from its first byte on; the rest is blank.

    Attributes:
        version: another number after each change: what was found at one holds as long as it stays.

    Raises:
        ValueError: the image is larger than the memory.
    """

    def __init__(self, image: bytes = b"") -> None:
        if len(image) > SIZE:
            raise ValueError(f"a fob's memory has {SIZE} bytes, and this image {len(image)}")
        self._cells = bytearray(image).ljust(SIZE, bytes([BLANK]))
        self._writes_left: int | None = None
        self.version = 0

    def image(self) -> bytes:
        """What it holds, without the blank bytes at its end."""
        return bytes(self._cells).rstrip(bytes([BLANK]))

    def read(self, at: int, size: int) -> bytes:
        """So many bytes from an address on."""
        return bytes(self._cells[at : at + size])

    def byte(self, at: int) -> int:
        """The byte at an address."""
        return self._cells[at]

    def write(self, at: int, content: bytes) -> None:
        """Writes bytes, the first one first.

        Raises:
            PowerLostError: the supply failed; those before it are written.
        """
        self.version += 1
        if self._writes_left is None:
            self._cells[at : at + len(content)] = content
            return
        written = min(self._writes_left, len(content))
        self._cells[at : at + written] = content[:written]
        self._writes_left -= written
        if written < len(content):
            raise PowerLostError

    def erase(self, at: int, size: int) -> None:
        """Makes bytes blank. Raises what `write` raises."""
        self.write(at, bytes([BLANK]) * size)

    def fail_power(self, after_writes: int) -> None:
        """Lets the supply fail once: before the write after so many, or at the next `checkpoint` if that comes first."""
        self._writes_left = after_writes

    def restore_power(self) -> None:
        """The supply is back."""
        self._writes_left = None

    def checkpoint(self) -> None:
        """A moment before something is shown.

        Raises:
            PowerLostError: the supply was about to fail.
        """
        if self._writes_left is not None:
            raise PowerLostError

    def flip(self, at: int, bit: int) -> None:
        """Flips one bit, as a particle or a tired cell does.

        Raises:
            ValueError: there is no such byte or bit.
        """
        if not (0 <= at < SIZE and 0 <= bit < 8):
            raise ValueError(f"a fob's memory has {SIZE} bytes of 8 bits, and no bit {bit} in byte {at}")
        self.version += 1
        self._cells[at] ^= 1 << bit


class OneWayByte:
    """A byte that can be burnt once and never restored: blank means intact, and anything else burnt.

    Args:
        memory: where it lies.
        at: its address.
    """

    def __init__(self, memory: Memory, at: int) -> None:
        self._memory, self._at = memory, at

    @property
    def burnt(self) -> bool:
        """Whether it is no longer intact."""
        return self._memory.byte(self._at) != BLANK

    def burn(self) -> None:
        """Burns it. Raises `PowerLostError`."""
        if not self.burnt:
            self._memory.write(self._at, b"\0")
