"""Every error that keyfob raises on purpose.

An error is a class with a stable `code` and its data in attributes; the sentence is for people.
"""

import reprlib
from typing import Any, ClassVar


class KeyfobError(Exception):
    """The root of all errors that keyfob raises on purpose; each can be copied, pickled and sent between processes."""

    code: ClassVar[str] = "keyfob-error"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args), self.__dict__


class InvalidParametersError(KeyfobError):
    """A credential's parameter lies outside what its standard allows."""

    code = "invalid-parameters"

    def __init__(self, field: str, found: object, allowed: str) -> None:
        self.field, self.found, self.allowed = field, found, allowed
        super().__init__(f"{field} must be {allowed}, not {_brief(found)}")


class CounterRangeError(KeyfobError):
    """A counter, or a time that becomes one, does not fit the eight bytes of RFC 4226."""

    code = "counter-range"

    def __init__(self, counter: float) -> None:
        self.counter = counter
        super().__init__(f"counter {_brief(counter)} is outside 0 to 2**64 - 1")


class MalformedCodeError(KeyfobError):
    """What was typed cannot be a code, whatever the seed."""

    code = "malformed-code"

    def __init__(self, digits: int) -> None:
        self.digits = digits
        super().__init__(f"a code has exactly {digits} digits, 0 to 9; single spaces between them are fine")


class InvalidSeedError(KeyfobError):
    """A seed is missing, too short, too long, or not written as it should be."""

    code = "invalid-seed"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not a usable seed: {reason}")


class UnsealError(KeyfobError):
    """A sealed seed does not open: wrong key, wrong owner or token, or altered. Which of them is not told."""

    code = "unseal-failed"

    def __init__(self) -> None:
        super().__init__("the sealed seed does not open with this key for this token")


class InvalidUriError(KeyfobError):
    """A text is no otpauth URI that two readers would understand alike."""

    code = "invalid-uri"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not a usable otpauth URI: {reason}")


class CounterBasedUriError(InvalidUriError):
    """A well-formed otpauth URI is for a counter-based token (RFC 4226)."""

    code = "counter-based-uri"

    def __init__(self) -> None:
        super().__init__(
            "it is for a counter-based token (hotp), and keyfob provisions time-based ones only (totp)"
        )


class QrCapacityError(KeyfobError):
    """A text is longer than the largest QR code holds."""

    code = "qr-capacity"

    def __init__(self, found_bytes: int, capacity_bytes: int) -> None:
        self.found_bytes, self.capacity_bytes = found_bytes, capacity_bytes
        super().__init__(
            f"a QR code holds at most {capacity_bytes} bytes, and this text has {found_bytes}: shorten it"
        )


class UnreadableQrError(KeyfobError):
    """An image does not hold exactly one readable QR code."""

    code = "unreadable-qr"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no QR code to use: {reason}")


class MissingExtraError(KeyfobError):
    """A command needs an optional part of keyfob that is not installed."""

    code = "missing-extra"

    def __init__(self, extra: str, module: str) -> None:
        self.extra, self.module = extra, module
        super().__init__(
            f"this needs the extra {extra!r} ({module} is missing): pip install 'keyfob[{extra}]'",
        )


def _restore(kind: type[KeyfobError], args: tuple[Any, ...]) -> KeyfobError:
    """An error as it was, without asking its constructor to build the sentence again."""
    return kind.__new__(kind, *args)


def _brief(found: object) -> str:
    """What was found, short enough for a sentence. Python itself refuses to print an integer of 4301 digits."""
    if isinstance(found, int) and found.bit_length() > 128:
        return f"an integer of {found.bit_length()} bits"
    return reprlib.repr(found)
