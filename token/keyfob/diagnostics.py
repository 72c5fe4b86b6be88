"""A fob's diagnostic report: what its self-test found, as JSON that the verifier keeps and a help desk reads.

The file is `{"format": "keyfob diagnostic report", "version": 1, …}`, then the report's fields. None of them can hold
a seed, a code or a PIN.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Final, Literal, NoReturn, cast, get_args

from keyfob.errors import KeyfobError
from keyfob.quantities import UNIX_LIMIT_S

FORMAT: Final = "keyfob diagnostic report"
VERSION: Final = 1
MAX_REPORT_BYTES = 13 * 1024
"""No report within the limits of its fields is longer."""

MAX_CHECKS = 24

COUNTERS = ("presses", "boots", "interrupted_boots", "pin_failures")
"""What a fob counts in its non-volatile memory."""

Trigger = Literal["power-up", "request", "boot"]
"""What set off the self-test: the button held as it got power, somebody's command, or every boot."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a self-test can find.

    Attributes:
        code: as the display and the report name it.
        meaning: what is the matter, for a help desk.
        remedy: what to do about it.
    """

    code: str
    meaning: str
    remedy: str


_REPLACE = "Replace the fob, and revoke its token."

FAILURES: Mapping[str, Failure] = MappingProxyType(
    {
        failure.code: failure
        for failure in (
            Failure("E01", "Its SHA-1 gives a wrong answer to a question whose answer is known.", _REPLACE),
            Failure("E02", "Its SHA-256 gives a wrong answer to a question whose answer is known.", _REPLACE),
            Failure("E03", "Its SHA-512 gives a wrong answer to a question whose answer is known.", _REPLACE),
            Failure("E10", "The stored seed was altered, so it shows no more codes.", _REPLACE),
            Failure("E11", "The stored counter was altered, so it shows no more codes.", _REPLACE),
            Failure(
                "E12",
                "The record of its PIN was altered.",
                "Erase it in recovery mode and provision it anew; if the failure comes back, replace the fob.",
            ),
            Failure(
                "E13",
                "It lost power while it wrote to its memory, and found that out when it started.",
                "Repeat what it was doing; if the failure comes back, replace the battery or the fob.",
            ),
            Failure(
                "E20",
                "Its clock runs faster or slower than its crystal's grade allows.",
                "Resynchronize the token with two consecutive codes; if codes are soon refused again, replace the fob.",
            ),
            Failure(
                "E21",
                "Its clock stood still for a time.",
                "Resynchronize the token with two consecutive codes; if it happens again, replace the fob.",
            ),
            Failure(
                "E30",
                "Parts of its display stay dark, so that digits can be misread.",
                "Have codes read again with care until the fob is replaced.",
            ),
            Failure("E40", "Its battery is low.", "Order a replacement; codes are good until it goes dark."),
            Failure("E41", "Its battery is flat.", "Replace the fob or its battery; its clock has stopped."),
            Failure(
                "E50",
                "Its button is stuck.",
                "Free the button from dirt or from what presses on it; if it stays stuck, replace the fob.",
            ),
            Failure(
                "E60",
                "Its case was opened, so it has wiped its seed.",
                "Revoke its token at once, and ask its holder how it happened.",
            ),
        )
    }
)
"""Every failure by its code."""


class InvalidReportError(KeyfobError):
    """What should be a diagnostic report is none. What was found there is not repeated."""

    code = "invalid-report"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not a usable diagnostic report: {reason}; have the fob write a new one")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a self-test looked at.

    Attributes:
        name: what was looked at, up to 40 printable ASCII characters.
        passed: whether all was well.
        code: the failure's code in `FAILURES`; None where the check passed.
        found: what was measured, for people, up to 80 printable characters.

    Raises:
        InvalidReportError: a field lies outside its limits.
    """

    name: str
    passed: bool
    code: str | None
    found: str

    def __post_init__(self) -> None:
        _require_form("the name of a check", self.name, r"[ -~]{1,40}", "1 to 40 printable ASCII characters")
        _require(isinstance(self.passed, bool), "passed", "true or false")
        known = self.code is None or (isinstance(self.code, str) and self.code in FAILURES)
        _require(known, "the code of a check", "one that keyfob knows")
        _require(self.passed is (self.code is None), "a check", "given a code if it failed, and only then")
        _require_form("found", self.found, r".{0,80}", "up to 80 printable characters")


@dataclass(frozen=True, slots=True)
class DiagnosticReport:
    """What a fob's self-test found, and what the fob was like then.

    Attributes:
        serial: the number on its back.
        firmware_version: up to 32 printable ASCII characters.
        made_at: the true Unix time of the test.
        own_time: the fob's clock at that moment, in Unix time.
        trigger: what set it off.
        state: the state that the fob was in, up to 32 letters, digits, spaces, hyphens and underscores.
        battery_v: the battery's voltage.
        charge_left_percent: of what the battery held when it was new.
        counters: what the fob counts in its non-volatile memory, one number for each of `COUNTERS`.
        checks: what was looked at, in that order, up to 24.

    Raises:
        InvalidReportError: a field lies outside its limits.
    """

    serial: str
    firmware_version: str
    made_at: float
    own_time: float
    trigger: Trigger
    state: str
    battery_v: float
    charge_left_percent: float
    counters: dict[str, int]
    checks: tuple[Check, ...]

    def __post_init__(self) -> None:
        _require_form("serial", self.serial, r"\S{1,64}", "1 to 64 printable characters without spaces")
        _require_form(
            "firmware_version", self.firmware_version, r"[ -~]{1,32}", "1 to 32 printable ASCII characters"
        )
        _require_number("made_at", self.made_at, -UNIX_LIMIT_S, UNIX_LIMIT_S)
        _require_number("own_time", self.own_time, -UNIX_LIMIT_S, UNIX_LIMIT_S)
        _require(self.trigger in get_args(Trigger), "trigger", f"one of {', '.join(get_args(Trigger))}")
        _require_form("state", self.state, r"[A-Za-z][A-Za-z0-9 _-]{0,31}", "the name of a state")
        _require_number("battery_v", self.battery_v, 0.0, 100.0)
        _require_number("charge_left_percent", self.charge_left_percent, 0.0, 100.0)
        _require_counters(self.counters)
        _require(len(self.checks) <= MAX_CHECKS, "checks", f"{MAX_CHECKS} at most")

    @property
    def failures(self) -> tuple[str, ...]:
        """The codes of the checks that failed, in the order of the checks."""
        return tuple(check.code for check in self.checks if check.code is not None)


def report_to_json(report: DiagnosticReport) -> bytes:
    """The report as a file's content, which `parse_report` reads."""
    document = {"format": FORMAT, "version": VERSION} | asdict(report)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode()


def parse_report(content: bytes) -> DiagnosticReport:
    """Reads a report strictly: every field, no other, each within its limits.

    Raises:
        InvalidReportError: it is too long, cut short, of another format or version, or not as a fob writes it.
    """
    if len(content) > MAX_REPORT_BYTES:
        raise InvalidReportError(f"it is longer than {MAX_REPORT_BYTES} bytes")
    try:
        document = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidReportError("it is no JSON, or cut short") from None
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise InvalidReportError(f"its format is not {FORMAT!r}")
    version = document.pop("version", None)
    if version != VERSION or type(version) is not int:
        raise InvalidReportError(f"its version is not {VERSION}, the one that this keyfob reads")
    _require_fields("the report", document, DiagnosticReport)
    return DiagnosticReport(**document | {"checks": _parse_checks(document["checks"])})


def _parse_checks(found: object) -> tuple[Check, ...]:
    if not isinstance(found, list):
        raise InvalidReportError("checks must be a list")
    for check in found:
        _require_fields("a check", check, Check)
    return tuple(Check(**check) for check in found)


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _require(holds: bool, field: str, allowed: str) -> None:
    if not holds:
        raise InvalidReportError(f"{field} must be {allowed}")


def _require_fields(place: str, found: object, kind: type[Check | DiagnosticReport]) -> None:
    wanted = [field.name for field in fields(kind)]
    fits = isinstance(found, dict) and set(found) == set(wanted)
    _require(fits, place, f"an object with exactly these fields: {', '.join(wanted)}")


def _require_form(field: str, found: object, pattern: str, allowed: str) -> None:
    fits = isinstance(found, str) and found.isprintable() and re.fullmatch(pattern, found) is not None
    _require(fits, field, allowed)


def _require_number(field: str, found: object, lowest: float, highest: float) -> None:
    fits = isinstance(found, int | float) and not isinstance(found, bool) and lowest <= found <= highest
    _require(fits, field, f"a number from {lowest:g} to {highest:g}")


def _require_counters(found: object) -> None:
    fits = isinstance(found, dict) and set(found) == set(COUNTERS)
    _require(fits, "counters", f"an object with exactly these fields: {', '.join(COUNTERS)}")
    for name, count in cast("dict[str, object]", found).items():
        fits = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**63
        _require(fits, f"the counter {name}", "a whole number from 0 to 2**63 - 1")
