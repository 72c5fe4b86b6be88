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
    """A text is no otpauth URI that two readers would understand alike.

    Attributes:
        reason: what is wrong.
        field: the parameter or name that is meant: secret, account, issuer and so on; empty for the whole.
    """

    code = "invalid-uri"

    def __init__(self, reason: str, field: str = "") -> None:
        self.reason, self.field = reason, field
        super().__init__(f"not a usable otpauth URI: {reason}")


class CounterBasedUriError(InvalidUriError):
    """A usable otpauth URI is for a counter-based token (RFC 4226) where a time-based one is wanted."""

    code = "counter-based-uri"

    def __init__(self) -> None:
        super().__init__("it is for a counter-based token (hotp), and a time-based one (totp) is wanted here")


class InvalidOcraSuiteError(KeyfobError):
    """A text is no OCRA suite in the spelling of RFC 6287's tables."""

    code = "invalid-ocra-suite"

    def __init__(self, text: str, problem: str) -> None:
        self.text, self.problem = text, problem
        super().__init__(f"{_brief(text)} is no OCRA suite: {problem}")


class OcraInputError(KeyfobError):
    """What was handed in for a response is not what its OCRA suite takes. It does not repeat what was found."""

    code = "ocra-input"

    def __init__(self, field: str, problem: str) -> None:
        self.field, self.problem = field, problem
        super().__init__(f"{field} {problem}")


class MalformedQuestionError(KeyfobError):
    """What was typed cannot be a question of this OCRA suite."""

    code = "malformed-question"

    def __init__(self, longest: int, made_of: str) -> None:
        self.longest, self.made_of = longest, made_of
        super().__init__(f"a question has 1 to {longest} {made_of} characters and nothing else")


class UnknownTemperatureProfileError(KeyfobError):
    """There is no temperature profile of that name."""

    code = "temperature-profile-unknown"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"there is no temperature profile {_brief(name)}: take one of {', '.join(known)}")


class InvalidTemperatureCurveError(KeyfobError):
    """A text is no curve of temperatures; `line` counts from 1."""

    code = "temperature-curve-invalid"

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"line {line} of the temperature curve {problem}")


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


class AddressInUseError(KeyfobError):
    """The address to listen on is taken or is not this machine's."""

    code = "address-in-use"

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"cannot listen on {host} port {port}: {reason}; choose another with --host or --port"
        )
