"""What can go wrong with a fob, by name; `Fob.inject` lets it happen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from keyfob.errors import InvalidParametersError
from keyfob.quantities import PPM_LIMIT, UNIX_LIMIT_S, require_quantity
from keyfob.temperature import TemperatureSpell, with_spell
from keyfob_firmware.body import Body
from keyfob_firmware.button import ButtonCondition
from keyfob_firmware.display import CELL_COUNTS, SEGMENTS, Segment
from keyfob_firmware.machine import Event
from keyfob_firmware.storage import AREAS


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The clock jumps, as by a disturbance on its supply.

    Attributes:
        seconds: how far; negative where it falls behind.
    """

    seconds: float
    kind: Literal["clock-step"] = "clock-step"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        require_quantity("seconds", self.seconds, -UNIX_LIMIT_S, UNIX_LIMIT_S, "seconds")
        body.oscillator = body.oscillator.jumped(body.moment, self.seconds)
        return None


@dataclass(frozen=True, slots=True)
class StoppedOscillator:
    """The crystal does not swing for a time from now on, as after a knock or with a bad solder joint.

    Attributes:
        seconds: for how long.
    """

    seconds: float
    kind: Literal["stopped-oscillator"] = "stopped-oscillator"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        body.oscillator = body.oscillator.stopped(body.moment, self.seconds)
        return None


@dataclass(frozen=True, slots=True)
class RateJump:
    """The crystal runs at another rate from now on, as after a fall.

    Attributes:
        ppm: by how much the rate changes.
    """

    ppm: float
    kind: Literal["rate-jump"] = "rate-jump"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        require_quantity("ppm", self.ppm, -PPM_LIMIT, PPM_LIMIT, "ppm")
        body.oscillator = body.oscillator.stepped(body.moment, self.ppm)
        return None


@dataclass(frozen=True, slots=True)
class TemperatureShock:
    """It lies somewhere hot or cold for a time: a dashboard in the sun, a coat left outside.

    Attributes:
        temperature_c: how hot or cold.
        seconds: for how long from now on.
    """

    temperature_c: float
    seconds: float
    kind: Literal["temperature-shock"] = "temperature-shock"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        at = body.moment
        spell = TemperatureSpell(at, at + self.seconds, self.temperature_c)
        body.oscillator = replace(body.oscillator, temperature=with_spell(body.oscillator.temperature, spell))
        return None


@dataclass(frozen=True, slots=True)
class BrownOut:
    """The supply fails in the next thing that the fob does, and comes back at once, so that it starts anew.

    Attributes:
        after_writes: bytes of memory that are still written before; where fewer are written, it fails right before
            the display lights.
        times: how often in a row; the first start after it is the next thing that the fob does.
    """

    after_writes: int = 0
    times: int = 1
    kind: Literal["brown-out"] = "brown-out"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        _require_whole("after_writes", self.after_writes, 0, 10**6)
        _require_whole("times", self.times, 1, 100)
        body.await_brown_out(self.after_writes, self.times)
        return None


@dataclass(frozen=True, slots=True)
class BitFlip:
    """A bit of the memory flips, as by a particle or a tired cell.

    Attributes:
        area: one of `AREAS`: seed, counter, pin, pin-failures or starts.
        byte: of that area, counted from 0.
        bit: of that byte, 0 to 7.
    """

    area: str
    byte: int
    bit: int
    kind: Literal["bit-flip"] = "bit-flip"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        addresses = AREAS.get(self.area)
        if addresses is None:
            raise InvalidParametersError("area", self.area, ", ".join(AREAS))
        _require_whole("byte", self.byte, 0, len(addresses) - 1)
        _require_whole("bit", self.bit, 0, 7)
        body.memory.flip(addresses[self.byte], self.bit)
        return None


@dataclass(frozen=True, slots=True)
class StuckButton:
    """The button stays down, and is felt no more."""

    kind: Literal["stuck-button"] = "stuck-button"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        body.button = ButtonCondition.STUCK
        return None


@dataclass(frozen=True, slots=True)
class BouncingButton:
    """The button's contact chatters; the firmware is to take each press as one."""

    kind: Literal["bouncing-button"] = "bouncing-button"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        body.button = ButtonCondition.BOUNCING
        return None


@dataclass(frozen=True, slots=True)
class DeadSegments:
    """Segments of the display light no more, so that an 8 may read as a 6.

    Attributes:
        segments: (cell from the left, counted from 0; letter of the segment).
    """

    segments: tuple[Segment, ...]
    kind: Literal["dead-segments"] = "dead-segments"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        for cell, segment in self.segments:
            if not (cell in range(CELL_COUNTS[-1]) and len(segment) == 1 and segment in SEGMENTS):
                allowed = f"cells 0 to {CELL_COUNTS[-1] - 1} with letters {SEGMENTS}"
                raise InvalidParametersError("segments", (cell, segment), allowed)
        body.dead_segments |= frozenset(self.segments)
        return None


@dataclass(frozen=True, slots=True)
class FlatBattery:
    """The battery has nothing left; the clock stands still until another is put in."""

    kind: Literal["flat-battery"] = "flat-battery"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        body.put_in(body.battery.flattened())
        body.stop_clock()
        return Event.POWER_OFF


@dataclass(frozen=True, slots=True)
class Tamper:
    """Somebody opens the case. A fob without power notices it when it gets power again."""

    kind: Literal["tamper"] = "tamper"

    def strike(self, body: Body) -> Event | None:
        """Lets it happen to a fob's body; what its firmware notices."""
        body.case_open = True
        return Event.TAMPER


Fault = (
    ClockStep
    | StoppedOscillator
    | RateJump
    | TemperatureShock
    | BrownOut
    | BitFlip
    | StuckButton
    | BouncingButton
    | DeadSegments
    | FlatBattery
    | Tamper
)

FAULTS: Mapping[str, type[Fault]] = {
    "clock-step": ClockStep,
    "stopped-oscillator": StoppedOscillator,
    "rate-jump": RateJump,
    "temperature-shock": TemperatureShock,
    "brown-out": BrownOut,
    "bit-flip": BitFlip,
    "stuck-button": StuckButton,
    "bouncing-button": BouncingButton,
    "dead-segments": DeadSegments,
    "flat-battery": FlatBattery,
    "tamper": Tamper,
}
"""Every fault by its name."""


def _require_whole(field: str, found: object, lowest: int, highest: int) -> None:
    if type(found) is not int or not lowest <= found <= highest:
        raise InvalidParametersError(field, found, f"a whole number from {lowest} to {highest}")
