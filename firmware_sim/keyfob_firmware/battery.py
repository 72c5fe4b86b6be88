"""The coin cell as a charge account: what has been drawn, the voltage that leaves, and when it warns and dies.

Charges are in µAh and currents in µA. Where no data sheet is named, a figure is keyfob's own, of the size usual in such
devices.
"""

import math
from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from keyfob.errors import InvalidParametersError
from keyfob.quantities import YEAR_S, require_quantity

HOUR_S = 3600.0
REGULATED_V = 2.8
"""What a regulator feeds the crystal with, as long as the cell delivers more."""

COLD_BELOW_C = 20.0
"""Warmer than this, a cell's voltage no longer depends on the temperature."""

PULL_STEP_V = 0.1
"""The supply's pull on the crystal follows its voltage in steps of this size."""

PULL_PPM_PER_V = 1.0
"""How much faster a crystal runs for each volt more: in Epson's "RTC-4543SA/SB Application Manual" the example of
frequency-voltage characteristics stays within some 2 ppm from 2 to 5 V."""


@dataclass(frozen=True)
class Cell:
    """A cell, as its data sheet describes it.

    Attributes:
        capacity_uah: down to the curve's last volt.
        self_discharge_per_year: the part of its capacity that it loses by itself, evenly.
        curve: (fraction of charge left, volt) from (1, …) to (0, …), both falling; straight between points.
        cold_v_per_c: what each degree below 20 °C takes off the voltage: its inner resistance grows.
        warning_v: at this voltage, and below, it is low.
        cut_off_v: at this voltage, and below, the device stops.

    Raises:
        InvalidParametersError: a figure is none, or is not possible.
    """

    capacity_uah: float
    self_discharge_per_year: float
    curve: tuple[tuple[float, float], ...]
    cold_v_per_c: float
    warning_v: float
    cut_off_v: float

    def __post_init__(self) -> None:
        require_quantity("capacity_uah", self.capacity_uah, 1.0, 1e9, "µAh")
        require_quantity(
            "self_discharge_per_year", self.self_discharge_per_year, 0.0, 1.0, "capacity per year"
        )
        require_quantity("cold_v_per_c", self.cold_v_per_c, 0.0, 1.0, "volt per °C")
        require_quantity("cut_off_v", self.cut_off_v, 0.0, 100.0, "volt")
        require_quantity("warning_v", self.warning_v, self.cut_off_v, 100.0, "volt")
        if len(self.curve) < 2 or self.curve[0][0] != 1.0 or self.curve[-1][0] != 0.0:
            raise InvalidParametersError("curve", self.curve, "points from (1.0, volt) to (0.0, volt)")
        for (before, before_v), (fraction, voltage_v) in pairwise(self.curve):
            if not (fraction < before and 0.0 <= voltage_v < before_v < math.inf):
                raise InvalidParametersError("curve", self.curve, "points whose charge and voltage both fall")

    @cached_property
    def self_discharge_ua(self) -> float:
        """The current that its self-discharge is like."""
        return self.self_discharge_per_year * self.capacity_uah * HOUR_S / YEAR_S

    @cached_property
    def rising(self) -> "tuple[array[float], array[float]]":
        """The curve's fractions and its volts, both rising."""
        fractions, volts = zip(*reversed(self.curve), strict=True)
        return array("d", fractions), array("d", volts)

    def drawn_uah(self, current_ua: float, seconds: float) -> float:
        """The charge that such a current takes in such a time, with the time's self-discharge."""
        return (current_ua + self.self_discharge_ua) * seconds / HOUR_S

    @cached_property
    def warns_from_uah(self) -> float:
        """The charge drawn from which on it is low, when it is not cold."""
        return (1.0 - self.fraction_at(self.warning_v, COLD_BELOW_C)) * self.capacity_uah

    @cached_property
    def stops_from_uah(self) -> float:
        """The charge drawn from which on it is flat, when it is not cold."""
        return (1.0 - self.fraction_at(self.cut_off_v, COLD_BELOW_C)) * self.capacity_uah

    @cached_property
    def pulls(self) -> "tuple[array[float], array[float]]":
        """How its voltage pulls a crystal as it sinks: the charge drawn from which on, and by how many ppm."""
        highest, lowest = (math.ceil(volts / PULL_STEP_V) for _, volts in (self.curve[0], self.curve[-1]))
        steps_v = [PULL_STEP_V * step for step in range(highest, lowest - 1, -1)]
        drawn_uah = [
            (1.0 - self.fraction_at(v + PULL_STEP_V / 2, COLD_BELOW_C)) * self.capacity_uah for v in steps_v
        ]
        return array("d", drawn_uah), array("d", map(supply_pull_ppm, steps_v))

    def voltage_v(self, fraction_left: float, temperature_c: float) -> float:
        """What it delivers with so much of its charge left."""
        fractions, volts = self.rising
        voltage_v = _interpolated(fractions, volts, fraction_left)
        return voltage_v if temperature_c >= COLD_BELOW_C else voltage_v - self._cold_v(temperature_c)

    def fraction_at(self, voltage_v: float, temperature_c: float) -> float:
        """How much of its charge is left when it has fallen to that voltage; 1 if it never delivers it, 0 if it always does."""
        fractions, volts = self.rising
        return _interpolated(volts, fractions, voltage_v + self._cold_v(temperature_c))

    def _cold_v(self, temperature_c: float) -> float:
        return self.cold_v_per_c * max(COLD_BELOW_C - temperature_c, 0.0)


CR1616 = Cell(
    capacity_uah=50_000.0,
    self_discharge_per_year=0.015,
    curve=(
        (1.0, 3.20),
        (0.97, 3.05),
        (0.90, 3.00),
        (0.50, 2.95),
        (0.20, 2.85),
        (0.10, 2.75),
        (0.05, 2.55),
        (0.0, 2.00),
    ),
    cold_v_per_c=0.004,
    warning_v=2.6,
    cut_off_v=2.0,
)
"""A lithium manganese dioxide coin cell of 16 × 1.6 mm. Makers rate it at 50 to 60 mAh down to 2.0 V; a fresh one shows
3.15 to 3.35 V unloaded (Renata, "3V Lithium Batteries Designer's Guide"); 1.5 % a year fade (Rayovac, on its lithium
manganese dioxide batteries). The curve is the shape of the makers' discharge charts: flat, then a fast end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Currents:
    """What a fob draws, state by state.

    Texas Instruments, "MSP430F41x2 Mixed Signal Microcontroller" (SLAS648E), one with a clock and an LCD driver: 0.9 µA
    in standby, 0.1 µA switched off, 220 µA when it computes at 1 MHz.

    Attributes:
        oscillator_ua: dark, with the crystal and the clock running.
        shipping_ua: everything stopped.
        lit_ua: in all, with the display lit.
        charge_boot_uah: for starting up, its checks included; some 50 ms of computing.
        charge_press_uah: for a press: debouncing and a code, some 30 ms of computing.

    Raises:
        InvalidParametersError: a figure is none, or negative.
    """

    oscillator_ua: float = 1.0
    shipping_ua: float = 0.1
    lit_ua: float = 4.0
    charge_boot_uah: float = 0.003
    charge_press_uah: float = 0.002

    def __post_init__(self) -> None:
        for field in ("oscillator_ua", "shipping_ua", "lit_ua"):
            require_quantity(field, getattr(self, field), 0.0, 1e6, "µA")
        for field in ("charge_boot_uah", "charge_press_uah"):
            require_quantity(field, getattr(self, field), 0.0, 1e6, "µAh")


@dataclass(frozen=True, slots=True)
class Battery:
    """A cell and what has been drawn from it.

    Attributes:
        cell: of which kind it is.
        used_uah: 0 in a fresh one, never more than the cell's capacity.

    Raises:
        InvalidParametersError: more is used than there was, or less than nothing.
    """

    cell: Cell = CR1616
    used_uah: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.used_uah <= self.cell.capacity_uah:
            raise InvalidParametersError("used_uah", self.used_uah, f"0 to {self.cell.capacity_uah:g} µAh")

    @property
    def charge_left(self) -> float:
        """As a fraction of the capacity, 1 to 0."""
        return 1.0 - self.used_uah / self.cell.capacity_uah

    def voltage_v(self, temperature_c: float = 25.0) -> float:
        """What it delivers now, at that temperature."""
        return self.cell.voltage_v(self.charge_left, temperature_c)

    def is_low(self, temperature_c: float = 25.0) -> bool:
        """Whether it is time to warn."""
        if temperature_c >= COLD_BELOW_C:
            return self.used_uah >= self.cell.warns_from_uah
        return self.voltage_v(temperature_c) <= self.cell.warning_v

    def is_flat(self, temperature_c: float = 25.0) -> bool:
        """Whether it cannot keep the device alive."""
        if temperature_c >= COLD_BELOW_C:
            return self.used_uah >= self.cell.stops_from_uah
        return self.voltage_v(temperature_c) <= self.cell.cut_off_v

    def drained(self, current_ua: float, seconds: float) -> "Battery":
        """The battery after that current for that time, and the time's self-discharge.

        Raises:
            InvalidParametersError: the current or the time is negative, or no number.
        """
        if not (current_ua >= 0.0 and seconds >= 0.0):
            raise InvalidParametersError("current_ua, seconds", (current_ua, seconds), "0 or more")
        return self.spent(self.cell.drawn_uah(current_ua, seconds))

    def spent(self, charge_uah: float) -> "Battery":
        """The battery after a charge drawn at once; empty where it does not hold as much.

        Raises:
            InvalidParametersError: the charge is negative, or no number.
        """
        if not charge_uah >= 0.0:
            raise InvalidParametersError("charge_uah", charge_uah, "0 or more")
        used_uah = self.used_uah + charge_uah
        return Battery(self.cell, min(used_uah, self.cell.capacity_uah))

    def flattened(self) -> "Battery":
        """The battery with nothing left."""
        return replace(self, used_uah=self.cell.capacity_uah)

    def seconds_until_charge(self, fraction_left: float, current_ua: float) -> float:
        """How long it holds more than that fraction of its charge at a steady current: 0 if it does not now.

        A second more than arithmetic says, so that after this time rounding cannot hide that it has come. Infinite if
        nothing is drawn.
        """
        left_uah = (self.charge_left - fraction_left) * self.cell.capacity_uah
        if left_uah <= 0.0:
            return 0.0
        total_ua = current_ua + self.cell.self_discharge_ua
        return left_uah * HOUR_S / total_ua + 1.0 if total_ua > 0.0 else math.inf

    def seconds_until_voltage(
        self, voltage_v: float, current_ua: float, temperature_c: float = 25.0
    ) -> float:
        """How long it delivers more than that voltage at a steady current and temperature: 0 if it does not now.

        As `seconds_until_charge`; infinite also if even an empty cell delivers more.
        """
        if self.voltage_v(temperature_c) <= voltage_v:
            return 0.0
        if self.cell.voltage_v(0.0, temperature_c) > voltage_v:
            return math.inf
        return self.seconds_until_charge(self.cell.fraction_at(voltage_v, temperature_c), current_ua)


def supply_pull_ppm(voltage_v: float) -> float:
    """By how much a cell of that voltage pulls the crystal from its rate: not at all while the regulator can hold its own."""
    return PULL_PPM_PER_V * (min(voltage_v, REGULATED_V) - REGULATED_V)


def _interpolated(xs: "array[float]", ys: "array[float]", x: float) -> float:
    """The straight line between the points about `x`; the first or last value outside of them. Both rise."""
    after = bisect_right(xs, x)
    if after == 0:
        return ys[0]
    if after == len(xs):
        return ys[-1]
    low, low_y = xs[after - 1], ys[after - 1]
    return low_y + (ys[after] - low_y) * (x - low) / (xs[after] - low)
