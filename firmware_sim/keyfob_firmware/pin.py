"""The fob's PIN: sealed in its memory, each attempt counted before it is checked."""

import hmac
import re
import secrets
from collections.abc import Callable

from keyfob.seed import SealingKey
from keyfob_firmware.errors import InvalidPinError
from keyfob_firmware.records import DamagedRecordError
from keyfob_firmware.secret_slot import DamagedSecretError
from keyfob_firmware.storage import Storage

MIN_DIGITS, MAX_DIGITS = 4, 8
DEFAULT_ATTEMPTS, MAX_ATTEMPTS = 5, 15

_NONCE_BYTES = 12


def require_pin(pin: str, attempts: int) -> None:
    """Lets through what can be a PIN, and the wrong attempts that it is to bear.

    Raises:
        InvalidPinError: it has other characters than digits, too few or many of them, or bears too few or many attempts.
    """
    if not (re.fullmatch(f"[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}", pin) and 1 <= attempts <= MAX_ATTEMPTS):
        raise InvalidPinError


class PinLock:
    """What stands between a press and a code where there is a PIN.

    Args:
        storage: where it is kept.
        key: seals it.
        fob_id: whose it is.
    """

    def __init__(self, storage: Storage, key: SealingKey, fob_id: str) -> None:
        self._storage, self._key = storage, key
        self._associated = f"pin {fob_id}".encode()

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return not self._storage.pin.empty

    def attempts_left(self) -> int:
        """How many wrong PINs it still bears; 0 where its record is damaged."""
        try:
            limit = self._storage.pin.read()[0]
            return max(limit - self._storage.pin_failures.read(), 0)
        except (DamagedSecretError, DamagedRecordError):
            return 0

    def set(
        self, pin: str, attempts: int, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        """Writes a PIN into an empty slot.

        Raises:
            InvalidPinError: it can be none, or the attempts are not 1 to `MAX_ATTEMPTS`.
            PowerLostError: the supply failed.
        """
        require_pin(pin, attempts)
        nonce = random_bytes(_NONCE_BYTES)
        padded = pin.encode().ljust(MAX_DIGITS, b"\0")  # the length of a PIN is nobody's business either
        sealed = self._key.encrypt(padded, self._associated, nonce)
        self._storage.pin_failures.erase()
        # a first number that is torn is lost, so it is not left to the first attempt to write one
        self._storage.pin_failures.write(0)
        self._storage.pin.write(bytes([attempts]) + nonce + sealed)

    def check(self, typed: str) -> bool:
        """Counts an attempt, and only then looks whether it is right; a right one clears the count.

        Raises:
            DamagedSecretError, DamagedRecordError: its record was altered.
            UnsealError: the key is another.
            PowerLostError: the supply failed; the attempt may be counted, and nothing else is known.
        """
        content = self._storage.pin.read()
        failures = self._storage.pin_failures.read()
        if failures >= content[0]:
            return False
        self._storage.pin_failures.write(failures + 1)
        nonce, sealed = content[1 : 1 + _NONCE_BYTES], content[1 + _NONCE_BYTES :]
        pin = self._key.decrypt(sealed, self._associated, nonce)
        right = hmac.compare_digest(bytes(pin), typed.encode().ljust(MAX_DIGITS, b"\0"))
        pin[:] = bytes(len(pin))
        if right:
            self._storage.pin_failures.write(0)
        return right
