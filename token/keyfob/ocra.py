"""OCRA: responses to a challenge (RFC 6287), as pure functions.

A suite such as `OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1` names the hash, the length of a response and what goes into it:
counter, question, PIN, session, time. keyfob reads suites in the one spelling that the RFC's tables show, in capitals
and with every figure written, since a suite's text is itself part of what is hashed.
"""

import enum
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from keyfob.codes import truncate
from keyfob.errors import (
    CounterRangeError,
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidSeedError,
    MalformedQuestionError,
    OcraInputError,
)
from keyfob.parameters import Algorithm

QUESTION_BYTES = 128
"""The room for the question in the message; zeros follow it (RFC 6287, section 5.1)."""

_HASH = "SHA(?:1|256|512)"
_SUITE = re.compile(
    rf"OCRA-1:HOTP-(?P<algorithm>{_HASH})-(?P<digits>0|[1-9][0-9]?):(?P<counter>C-)?"
    r"Q(?P<question>[ANH])(?P<question_length>[0-9]{2})"
    rf"(?:-P(?P<pin_hash>{_HASH}))?(?:-S(?P<session_bytes>[0-9]{{3}}))?"
    r"(?:-T(?P<time>[1-9][0-9]?)(?P<unit>[SMH]))?"
)
_STEPS = {"S": (1, 59), "M": (60, 59), "H": (3600, 48)}
"""Each unit of time: its seconds, and the most that a suite may name of it (RFC 6287, section 6.3)."""


class QuestionFormat(enum.Enum):
    """What a question is made of; the value is its letter in a suite (RFC 6287, section 6.3)."""

    ALPHANUMERIC = "A"
    NUMERIC = "N"
    HEXADECIMAL = "H"

    @property
    def alphabet(self) -> str:
        """What can be typed. Hexadecimal letters count the same in lower case."""
        letters = {"A": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "N": "", "H": "ABCDEF"}
        return "0123456789" + letters[self.value]


@dataclass(frozen=True, slots=True)
class OcraSuite:
    """What a challenge-response credential computes (RFC 6287, section 6); `str` writes it as a suite.

    Attributes:
        algorithm: the HMAC hash.
        digits: length of a response, 4 to 10; or 0 for the whole HMAC.
        counter: whether a counter goes into it.
        question: what the question is made of.
        question_length: the most characters that it may have, 4 to 64.
        pin_hash: the hash under which the PIN goes into it; None: no PIN.
        session_bytes: room for session information, 1 to 512 bytes; None: no session information.
        time_step_s: length of a time step: 1 to 59 seconds, 1 to 59 minutes or 1 to 48 hours, in seconds; None: no
            time. The RFC's table begins at 0 hours, of which there is no step.

    Raises:
        InvalidParametersError: a field is out of range or of the wrong type.
    """

    algorithm: Algorithm = Algorithm.SHA1
    digits: int = 6
    counter: bool = False
    question: QuestionFormat = QuestionFormat.NUMERIC
    question_length: int = 8
    pin_hash: Algorithm | None = None
    session_bytes: int | None = None
    time_step_s: int | None = None

    def __post_init__(self) -> None:
        checks = {
            "algorithm": (isinstance(self.algorithm, Algorithm), "an Algorithm"),
            "digits": (_is_whole(self.digits, 4, 10) or _is_whole(self.digits, 0, 0), "0 or 4 to 10"),
            "counter": (isinstance(self.counter, bool), "True or False"),
            "question": (isinstance(self.question, QuestionFormat), "a QuestionFormat"),
            "question_length": (_is_whole(self.question_length, 4, 64), "4 to 64"),
            "pin_hash": (isinstance(self.pin_hash, Algorithm | None), "an Algorithm or None"),
            "session_bytes": (
                self.session_bytes is None or _is_whole(self.session_bytes, 1, 512),
                "1 to 512",
            ),
            "time_step_s": (
                self.time_step_s is None or _granularity(self.time_step_s) is not None,
                "1 to 59 seconds, 1 to 59 minutes or 1 to 48 hours",
            ),
        }
        for field, (fits, allowed) in checks.items():
            if not fits:
                raise InvalidParametersError(field, getattr(self, field), allowed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a suite; `str` of the result is `text` again.

        Raises:
            InvalidOcraSuiteError: it is none, or has a figure out of its range.
        """
        match = _SUITE.fullmatch(text)
        if match is None:
            raise InvalidOcraSuiteError(text, "it must look like OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064-T1M")
        pin_hash, session_bytes, time = match["pin_hash"], match["session_bytes"], match["time"]
        if time and int(time) > _STEPS[match["unit"]][1]:
            raise InvalidOcraSuiteError(text, "its time step must be 1S to 59S, 1M to 59M or 1H to 48H")
        try:
            return cls(
                algorithm=Algorithm(match["algorithm"]),
                digits=int(match["digits"]),
                counter=match["counter"] is not None,
                question=QuestionFormat(match["question"]),
                question_length=int(match["question_length"]),
                pin_hash=Algorithm(pin_hash) if pin_hash else None,
                session_bytes=int(session_bytes) if session_bytes else None,
                time_step_s=int(time) * _STEPS[match["unit"]][0] if time else None,
            )
        except InvalidParametersError as error:
            raise InvalidOcraSuiteError(text, f"its {error.field} must be {error.allowed}") from None

    def __str__(self) -> str:
        inputs = [f"Q{self.question.value}{self.question_length:02}"]
        if self.counter:
            inputs.insert(0, "C")
        if self.pin_hash is not None:
            inputs.append(f"P{self.pin_hash.value}")
        if self.session_bytes is not None:
            inputs.append(f"S{self.session_bytes:03}")
        if self.time_step_s is not None:
            inputs.append(f"T{_granularity(self.time_step_s)}")
        return f"OCRA-1:HOTP-{self.algorithm.value}-{self.digits}:{'-'.join(inputs)}"


def ocra(
    key: bytes | bytearray,
    suite: OcraSuite,
    *,
    question: str,
    counter: int | None = None,
    pin_hash: bytes | None = None,
    session: bytes | None = None,
    step: int | None = None,
) -> str:
    """The response to a question: RFC 6287, section 7.

    Args:
        key: the shared secret, one byte or more.
        suite: what to compute. It takes exactly the inputs that it names, and no others.
        question: as typed; or two of them, one after the other, as mutual challenge-response wants it (section 7.2).
        counter: 0 to 2**64 - 1.
        pin_hash: what `hash_pin` gives.
        session: session information, no longer than the suite says; zeros are put before it.
        step: the number of the time step since 1970, 0 to 2**64 - 1.

    Returns:
        The response as text, leading zeros kept; with 0 digits the whole HMAC in lower-case hexadecimal.

    Raises:
        OcraInputError: an input is missing, not wanted, or of the wrong length.
        MalformedQuestionError: the question has other characters than the suite's, or too many.
        CounterRangeError: counter or step do not fit eight bytes.
        InvalidSeedError: the key is empty.
    """
    if not key:
        raise InvalidSeedError("it is empty")
    message = _message(suite, question, counter=counter, pin_hash=pin_hash, session=session, step=step)
    mac = hmac.digest(key, message, suite.algorithm.hash_name)
    if suite.digits == 0:
        return mac.hex()
    return str(truncate(mac) % 10**suite.digits).zfill(suite.digits)


def hash_pin(pin: str, suite: OcraSuite) -> bytes:
    """A PIN as it goes into the message: the suite's hash of its UTF-8. It is as secret as the PIN.

    Raises:
        OcraInputError: the suite takes no PIN.
    """
    if suite.pin_hash is None:
        raise OcraInputError("pin_hash", "is not wanted by this suite")
    return hashlib.new(suite.pin_hash.hash_name, pin.encode("utf-8", "surrogatepass")).digest()


def parse_question(text: str, suite: OcraSuite) -> str:
    """What a person typed on the keypad, as a question; hexadecimal letters in capitals.

    Raises:
        MalformedQuestionError: it is empty, too long, or has a character that the keypad lacks.
    """
    return _typed(text, suite, suite.question_length)


def new_question(suite: OcraSuite, random_below: Callable[[int], int]) -> str:
    """A question for a verifier to ask, as long as the suite allows.

    A numeric one does not begin with zero. The RFC writes its number in hexadecimal and fills up with zeros on the
    right, so that 1 and 16 are the same question; among numbers of one length no two are.

    Args:
        suite: the credential's.
        random_below: gives a whole number from 0 to one less than its argument, as `secrets.randbelow` does.
    """
    alphabet = suite.question.alphabet
    characters = [alphabet[random_below(len(alphabet))] for _ in range(suite.question_length)]
    if suite.question is QuestionFormat.NUMERIC:
        characters[0] = alphabet[1 + random_below(9)]
    return "".join(characters)


def challenge_data(suite: OcraSuite, question: str, session: bytes | None = None) -> bytes:
    """Question and session information as they go into the message (RFC 6287, section 5.1).

    Two challenges have the same responses, counter and time being the same, if this is the same of both: the numeric
    questions 1, 01 and 16 are one and the same.

    Raises:
        OcraInputError: session information is missing, not wanted, or too long.
        MalformedQuestionError: the question has other characters than the suite's, or too many.
    """
    _require_input("session", session, wanted=suite.session_bytes is not None)
    return _question_part(question, suite) + (b"" if session is None else _session_part(session, suite))


def _message(
    suite: OcraSuite,
    question: str,
    *,
    counter: int | None,
    pin_hash: bytes | None,
    session: bytes | None,
    step: int | None,
) -> bytes:
    """The data input of section 5.1, after the suite's own text and a zero byte."""
    _require_input("counter", counter, wanted=suite.counter)
    _require_input("pin_hash", pin_hash, wanted=suite.pin_hash is not None)
    _require_input("session", session, wanted=suite.session_bytes is not None)
    _require_input("step", step, wanted=suite.time_step_s is not None)
    parts = [str(suite).encode("ascii"), b"\0"]
    if counter is not None:
        parts.append(_eight_bytes(counter))
    parts.append(_question_part(question, suite))
    if pin_hash is not None and suite.pin_hash is not None:
        if len(pin_hash) != suite.pin_hash.digest_bytes:
            raise OcraInputError("pin_hash", f"must have {suite.pin_hash.digest_bytes} bytes")
        parts.append(pin_hash)
    if session is not None:
        parts.append(_session_part(session, suite))
    if step is not None:
        parts.append(_eight_bytes(step))
    return b"".join(parts)


def _question_part(text: str, suite: OcraSuite) -> bytes:
    question, kind = _typed(text, suite, 2 * suite.question_length), suite.question
    if kind is QuestionFormat.ALPHANUMERIC:
        return question.encode("ascii").ljust(QUESTION_BYTES, b"\0")
    digits = f"{int(question):X}" if kind is QuestionFormat.NUMERIC else question
    return bytes.fromhex(digits.ljust(2 * QUESTION_BYTES, "0"))


def _session_part(session: bytes, suite: OcraSuite) -> bytes:
    room_bytes = suite.session_bytes or 0
    if len(session) > room_bytes:
        raise OcraInputError("session", f"must have no more than {room_bytes} bytes")
    return session.rjust(room_bytes, b"\0")


def _typed(text: str, suite: OcraSuite, longest: int) -> str:
    question = text.upper() if suite.question is QuestionFormat.HEXADECIMAL and text.isascii() else text
    if not 1 <= len(question) <= longest or not set(question) <= set(suite.question.alphabet):
        raise MalformedQuestionError(longest, suite.question.name.lower())
    return question


def _eight_bytes(number: int) -> bytes:
    try:
        return number.to_bytes(8, "big")
    except OverflowError:
        raise CounterRangeError(number) from None


def _require_input(name: str, found: object, *, wanted: bool) -> None:
    if wanted and found is None:
        raise OcraInputError(name, "is missing, and this suite needs it")
    if not wanted and found is not None:
        raise OcraInputError(name, "is not wanted by this suite")


def _granularity(step_s: object) -> str | None:
    """A time step in the one way that a suite may write it; None if there is none."""
    if type(step_s) is not int:
        return None
    for unit, (unit_s, most) in _STEPS.items():
        count, rest = divmod(step_s, unit_s)
        if rest == 0 and 1 <= count <= most:
            return f"{count}{unit}"
    return None


def _is_whole(found: object, lowest: int, highest: int) -> bool:
    return type(found) is int and lowest <= found <= highest
