"""What the firmware shows in each state."""

import math

from keyfob_firmware.display import CELL_COUNTS, Icon, Screen, bar_for
from keyfob_firmware.firmware import FIRMWARE_VERSION, Code, Firmware
from keyfob_firmware.machine import State

_NO_ICONS: frozenset[Icon] = frozenset()
_ERROR = frozenset({Icon.ERROR})
_LOCK = frozenset({Icon.LOCK})
_OPTION_BARS = (2, 4, 6)
_TEXTS = {
    State.PIN_BLOCKED: ("bLOCd", _LOCK | _ERROR),
    State.SELF_TEST: ("PASS", _NO_ICONS),
    State.TAMPERED: ("tAMPEr", _ERROR),
}


def screen(firmware: Firmware, code: Code | None) -> Screen:
    """What is on the display now.

    Args:
        firmware: of the fob.
        code: what `firmware.code()` gives.
    """
    cells = cell_count(firmware)
    if not firmware.lit_for_s():
        return Screen(" " * cells)
    text, bar, icons = _shown(firmware, code, cells)
    if firmware.body.is_low:
        icons |= {Icon.BATTERY}
    return Screen(text[:cells].ljust(cells), bar, icons)


def cell_count(firmware: Firmware) -> int:
    """The digits that the fob's display has room for."""
    credential = firmware.credential
    return max(credential.parameters.digits if credential else 0, CELL_COUNTS[0])


def _shown(firmware: Firmware, code: Code | None, cells: int) -> tuple[str, int, frozenset[Icon]]:
    match firmware.mode:
        case State.LIT if code is not None:
            shown = code.digits, _bar(firmware, code), _NO_ICONS
        case State.PIN_ENTRY:
            typed = "-" * len(firmware.ram.typed)
            shown = typed or f"PIn{firmware.pin.attempts_left():>3}", 0, _LOCK
        case State.CHALLENGE:
            shown = firmware.ram.typed[-cells:] or "ASk", 0, _NO_ICONS
        case State.RECOVERY:
            shown = "r t E", _OPTION_BARS[firmware.page], _ERROR
        case State.INFORMATION:
            shown = _information(firmware, cells), 0, _NO_ICONS
        case State.SELF_TEST if failures := firmware.reports[-1].failures:
            shown = failures[0], 0, _ERROR
        case mode:
            text, icons = _TEXTS.get(mode, ("-" * cells, _NO_ICONS))
            shown = text, 0, icons
    return shown


def _bar(firmware: Firmware, code: Code) -> int:
    if math.isinf(code.changes_in_s) or firmware.credential is None:
        return 0
    return bar_for(code.changes_in_s, firmware.credential.parameters.time_step_s)


def _information(firmware: Firmware, cells: int) -> str:
    battery = firmware.body.battery
    pages = (
        # its last characters tell one fob from another; those that seven segments cannot show are left out
        "".join(c for c in firmware.serial if c.isascii() and (c.isalnum() or c == "-"))[-cells:],
        f"F {FIRMWARE_VERSION.replace('.', '-')}",
        f"b {round(100 * battery.charge_left)}",
    )
    return pages[firmware.page]
