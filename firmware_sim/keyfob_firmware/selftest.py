"""The fob's self-test: known answers, memory, clock, display, battery, button."""

from collections.abc import Iterator

from keyfob.codes import hotp
from keyfob.diagnostics import Check, DiagnosticReport, Trigger
from keyfob.parameters import Algorithm, Parameters
from keyfob.quantities import PPM_LIMIT
from keyfob_firmware.button import ButtonCondition
from keyfob_firmware.firmware import FIRMWARE_VERSION, Firmware
from keyfob_firmware.machine import State
from keyfob_firmware.records import DamagedRecordError
from keyfob_firmware.secret_slot import DamagedSecretError

KNOWN_ANSWERS = {
    Algorithm.SHA1: ("E01", 20, "94287082"),
    Algorithm.SHA256: ("E02", 32, "46119246"),
    Algorithm.SHA512: ("E03", 64, "90693936"),
}
"""Failure code, key length and code of time 59 with RFC 6238's test keys (appendix B)."""

RATE_LIMIT_PPM = 250.0
"""Beyond it a tuning-fork crystal is broken: the common grade's ±20, ageing, and −100 to +100 °C do not reach it."""

_DIGITS = b"1234567890"


def self_test(firmware: Firmware, trigger: Trigger) -> DiagnosticReport:
    """Looks at everything and writes down what it found. Changes nothing."""
    body = firmware.body
    at = body.moment
    return DiagnosticReport(
        serial=firmware.serial,
        firmware_version=FIRMWARE_VERSION,
        made_at=at,
        own_time=body.own_time_at(at),
        trigger=trigger,
        state=firmware.mode.value,
        battery_v=round(body.battery.voltage_v(), 3),
        charge_left_percent=round(100.0 * body.battery.charge_left, 2),
        counters={
            "presses": firmware.presses,
            "boots": firmware.starts,
            "interrupted_boots": firmware.ram.stumbles,
            "pin_failures": _pin_failures(firmware),
        },
        checks=tuple(_checks(firmware, at)),
    )


def _checks(firmware: Firmware, at: float) -> Iterator[Check]:
    for algorithm, (code, key_bytes, answer) in KNOWN_ANSWERS.items():
        key = (_DIGITS * 7)[:key_bytes]
        found = hotp(key, 1, Parameters(algorithm, len(answer)))
        yield _check(f"{algorithm.value} known answer", code, passed=found == answer, found=found)
    yield from _memory_checks(firmware)
    yield from _clock_checks(firmware, at)
    yield from _part_checks(firmware)


def _memory_checks(firmware: Firmware) -> Iterator[Check]:
    storage = firmware.storage
    for name, code, read in (
        ("seed", "E10", None if storage.seed.empty else storage.seed.read),
        ("counter", "E11", storage.counter.read),
        ("PIN", "E12", None if storage.pin.empty else firmware.storage.pin.read),
        ("PIN failures", "E12", storage.pin_failures.read),
    ):
        whole = True
        try:
            if read is not None:
                read()
        except (DamagedSecretError, DamagedRecordError):
            whole = False
        found = "absent" if read is None else "whole" if whole else "altered"
        yield _check(f"{name} in memory", code, passed=whole, found=found)
    torn = firmware.ram.torn
    yield _check("last start", "E13", passed=not torn, found="a torn write" if torn else "clean")


def _clock_checks(firmware: Firmware, at: float) -> Iterator[Check]:
    body = firmware.body
    runs = body.stood_at is None and body.oscillator.rate_ppm(at) > -PPM_LIMIT
    yield _check("oscillator", "E21", passed=runs, found="runs" if runs else "stands still")
    rate_ppm = body.oscillator.rate_ppm(at)
    within = not runs or abs(rate_ppm) <= RATE_LIMIT_PPM
    yield _check("oscillator rate", "E20", passed=within, found=f"{rate_ppm:+.1f} ppm")


def _part_checks(firmware: Firmware) -> Iterator[Check]:
    body, battery = firmware.body, firmware.body.battery
    dead = len(body.dead_segments)
    yield _check("display", "E30", passed=not dead, found=f"{dead} dark segments")
    flat = firmware.mode is State.DEAD or battery.is_flat()
    yield _check("battery alive", "E41", passed=not flat, found=f"{battery.voltage_v():.2f} V")
    low = battery.is_low()
    yield _check("battery level", "E40", passed=not low, found=f"{100 * battery.charge_left:.0f} %")
    stuck = body.button is ButtonCondition.STUCK
    yield _check("button", "E50", passed=not stuck, found=body.button.value)
    tampered = firmware.storage.tampered.burnt
    yield _check("case", "E60", passed=not tampered, found="was opened" if tampered else "closed")


def _check(name: str, code: str, *, passed: bool, found: str) -> Check:
    return Check(name, passed, None if passed else code, found)


def _pin_failures(firmware: Firmware) -> int:
    try:
        return firmware.storage.pin_failures.read()
    except DamagedRecordError:
        return 0
