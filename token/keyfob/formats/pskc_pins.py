"""PINs, which a PSKC file keeps as keys of their own, and the keys that ask for them by PINKeyId (RFC 6030, section 5)."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from keyfob.formats.rows import Credential, Flaw, Reason, Row

MAX_APART = 10_000
"""How many keys there may be between a key and its PIN."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of a key, and the Id of the key that holds its PIN, if it has one."""

    row: Row
    pin_key_id: str | None = None


@dataclass(slots=True)
class PinKey:
    """A key that is a PIN; `text` is None if it is none that a person can type."""

    number: int
    key_id: str
    text: str | None = field(repr=False)
    original: Mapping[str, str]
    used: bool = False


class PinJoin:
    """Gives keys their PINs, whichever comes first, in the order of the keys."""

    def __init__(self) -> None:
        self._waiting: deque[KeyRow] = deque()
        self._pins: dict[str, PinKey] = {}

    def add(self, found: KeyRow | PinKey) -> Iterator[Row]:
        """Takes the next key of the file, and gives the rows that are now complete."""
        if isinstance(found, KeyRow):
            self._waiting.append(found)
        elif found.key_id in self._pins:
            yield _stray(found, "its Id stands twice: each key has its own")
        else:
            self._pins[found.key_id] = found
        while self._waiting and (self._is_complete(self._waiting[0]) or len(self._waiting) > MAX_APART):
            yield self._joined(self._waiting.popleft())
        while len(self._pins) > MAX_APART:
            yield from self._dropped()

    def end(self) -> Iterator[Row]:
        """Gives the rest: the file has ended."""
        yield from map(self._joined, self._waiting)
        while self._pins:
            yield from self._dropped()

    def _is_complete(self, waiting: KeyRow) -> bool:
        return waiting.pin_key_id is None or waiting.pin_key_id in self._pins

    def _joined(self, key: KeyRow) -> Row:
        pin = None if key.pin_key_id is None else self._pins.get(key.pin_key_id)
        if pin is None:
            return key.row
        pin.used = True
        if not isinstance(key.row.content, Credential):
            return key.row
        if pin.text is None:
            advice = (
                "its PIN has 1 to 64 letters, digits and signs of ASCII: correct it, or leave PINKeyId out"
            )
            return replace(key.row, content=Flaw(Reason.INVALID_PARAMETER, "PINKeyId", "no PIN", advice))
        return replace(key.row, content=replace(key.row.content, pin=pin.text))

    def _dropped(self) -> Iterator[Row]:
        pin = self._pins.pop(next(iter(self._pins)))
        if not pin.used:
            yield _stray(pin, f"no key within {MAX_APART} of it has a PINKeyId with its Id")


def _stray(pin: PinKey, advice: str) -> Row:
    return Row(pin.number, pin.original, Flaw(Reason.INVALID_PARAMETER, "Algorithm", "a PIN", advice))
