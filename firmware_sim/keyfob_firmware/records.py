"""Numbers in non-volatile memory that survive a loss of power at every step of being written.

A number lies in two slots, each with a sequence number before it and a CRC after it; the slot that was written first is
overwritten next, so one of them is whole at any moment. A slot that is neither blank nor whole was torn by a loss of
power, or altered since. It may have held the number after the one in the whole slot, so that one counts: a number
never goes back.
"""

import struct
import zlib

from keyfob_firmware.memory import BLANK, Memory

_BODY = struct.Struct(">IQ")
_CRC = struct.Struct(">I")
SLOT_BYTES = _BODY.size + _CRC.size
COUNT_BYTES = 2 * SLOT_BYTES

LAST = 2**64 - 1

_BLANK_SLOT = bytes([BLANK]) * SLOT_BYTES


class DamagedRecordError(Exception):
    """No slot of a number is whole, or none comes after it. It never leaves the fob, which then shows no code."""


class Count:
    """A whole number, 0 to 2**64 - 1, that never goes back unless it is set back.

    Args:
        memory: where it lies, in `COUNT_BYTES` bytes.
        at: from this address on.
    """

    def __init__(self, memory: Memory, at: int) -> None:
        self._memory = memory
        self._addresses = (at, at + SLOT_BYTES)

    def read(self) -> int:
        """The number; 0 where none was ever written.

        Raises:
            DamagedRecordError: no slot is whole, and not both are blank.
        """
        return self._read()[0]

    @property
    def damaged(self) -> bool:
        """Whether a slot is neither whole nor blank."""
        return any(_parse(slot) is None and slot != _BLANK_SLOT for slot in self._slots())

    def write(self, number: int) -> None:
        """Replaces the number by another.

        Raises:
            PowerLostError: the supply failed: it is the old number, the new one, or the old one and one more.
            DamagedRecordError: it is beyond `LAST`.
        """
        if number > LAST:
            raise DamagedRecordError
        try:
            _, sequence, newest = self._read()
        except DamagedRecordError:
            sequence, newest = 0, 1
        body = _BODY.pack((sequence + 1) & 0xFFFF_FFFF, number)
        self._memory.write(self._addresses[1 - newest], body + _CRC.pack(zlib.crc32(body)))

    def erase(self) -> None:
        """Makes it 0, as in a new fob. Raises `PowerLostError`."""
        for address in self._addresses:
            self._memory.erase(address, SLOT_BYTES)

    def _slots(self) -> list[bytes]:
        return [self._memory.read(address, SLOT_BYTES) for address in self._addresses]

    def _read(self) -> tuple[int, int, int]:
        """The number, its sequence number, and the place of its slot."""
        slots = self._slots()
        whole = [(parsed[0], place, parsed[1]) for place in (0, 1) if (parsed := _parse(slots[place]))]
        if not whole:
            if slots[0] != _BLANK_SLOT or slots[1] != _BLANK_SLOT:
                raise DamagedRecordError
            return 0, 0, 1
        sequence, newest, number = max(whole)
        if len(whole) == 1 and slots[1 - newest] != _BLANK_SLOT:
            number += 1
        if number > LAST:
            raise DamagedRecordError
        return number, sequence, newest


def _parse(slot: bytes) -> tuple[int, int] | None:
    """The sequence number and the number of a whole slot."""
    body = slot[: _BODY.size]
    if zlib.crc32(body) != _CRC.unpack_from(slot, _BODY.size)[0]:
        return None
    sequence, number = _BODY.unpack(body)
    return sequence, number
