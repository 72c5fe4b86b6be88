"""How warm a fob is over time: cycles of season and day, a recorded curve, and spells that interrupt either."""

import math
from array import array
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from keyfob import drift
from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S, YEAR_S, require_quantity, require_temperature, require_unix_time

SHORTEST_PERIOD_S = 1.0
LONGEST_PERIOD_S = 1e12


@dataclass(frozen=True, slots=True)
class TemperatureCycle:
    """A sinusoidal swing of the temperature about its mean.

    Attributes:
        amplitude_c: half the way from coldest to warmest, in °C.
        period_s: from one maximum to the next, one second or more.
        warmest_at: the Unix time of any one maximum.

    Raises:
        InvalidParametersError: a figure is none, or out of range.
    """

    amplitude_c: float
    period_s: float
    warmest_at: float

    def __post_init__(self) -> None:
        require_quantity("amplitude_c", self.amplitude_c, 0.0, 1000.0, "°C")
        require_quantity("period_s", self.period_s, SHORTEST_PERIOD_S, LONGEST_PERIOD_S, "seconds")
        require_unix_time("warmest_at", self.warmest_at)


@dataclass(frozen=True)
class CyclicTemperature:
    """A mean with any number of sinusoidal cycles on it; without one it is constant.

    Attributes:
        mean_c: °C.
        cycles: usually the season and the day.

    Raises:
        InvalidParametersError: a figure is none, or all cycles at their coldest go below absolute zero, or at their
            warmest above what quartz bears.
    """

    mean_c: float
    cycles: tuple[TemperatureCycle, ...] = ()

    def __post_init__(self) -> None:
        require_temperature("mean_c", self.mean_c)
        swing_c = sum(cycle.amplitude_c for cycle in self.cycles)
        require_temperature("mean_c less all amplitudes", self.mean_c - swing_c)
        require_temperature("mean_c and all amplitudes", self.mean_c + swing_c)

    def temperature_c(self, at: float) -> float:
        """The temperature at Unix time `at`, in °C."""
        return self.mean_c + drift.cycles_sum_c(self.table, at)

    def deviation_c2_s(self, turnover_c: float, start: float, end: float) -> float:
        """The integral of (temperature − turnover)² from Unix time `start` to `end`, in °C²·s."""
        return drift.cyclic_deviation_c2_s(self.table, self.mean_c - turnover_c, start, end)

    @cached_property
    def table(self) -> drift.TemperatureCycles:
        """The cycles as `keyfob.drift` reads them."""
        return drift.TemperatureCycles(
            array("d", [cycle.amplitude_c for cycle in self.cycles]),
            array("d", [math.tau / cycle.period_s for cycle in self.cycles]),
            array("d", [cycle.warmest_at for cycle in self.cycles]),
        )


@dataclass(frozen=True)
class RecordedTemperature:
    """A curve through readings: straight between two, constant before the first and after the last.

    Attributes:
        points: (Unix time, °C), one or more, each later than the one before.

    Raises:
        InvalidParametersError: there is no point, one is not later than the one before, or a figure is none.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.points:
            raise InvalidParametersError("points", self.points, "one (Unix time, °C) or more")
        latest = -math.inf
        for index, (at, temperature_c) in enumerate(self.points):
            require_unix_time(f"points[{index}][0]", at)
            require_temperature(f"points[{index}][1]", temperature_c)
            if at <= latest:
                raise InvalidParametersError(
                    f"points[{index}][0]", at, f"later than {latest!r}, the point before it"
                )
            latest = at

    def temperature_c(self, at: float) -> float:
        """The temperature at Unix time `at`, in °C."""
        return drift.recorded_c(self.table, at)

    def deviation_c2_s(self, turnover_c: float, start: float, end: float) -> float:
        """The integral of (temperature − turnover)² from Unix time `start` to `end`, in °C²·s."""
        return drift.recorded_deviation_c2_s(self.table, turnover_c, start, end)

    @cached_property
    def table(self) -> drift.TemperatureRecord:
        """The curve as `keyfob.drift` reads it."""
        first_moments, second_moments = array("d", [0.0]), array("d", [0.0])
        for (start, start_c), (end, end_c) in pairwise(self.points):
            first, second = drift.ramp_moments(start_c, end_c, end - start)
            first_moments.append(first_moments[-1] + first)
            second_moments.append(second_moments[-1] + second)
        times, temperatures_c = zip(*self.points, strict=True)
        return drift.TemperatureRecord(
            array("d", times), array("d", temperatures_c), first_moments, second_moments
        )


@dataclass(frozen=True, slots=True)
class TemperatureSpell:
    """A span of another temperature: a night in the car, a wash at 60 °C.

    Attributes:
        start: Unix time.
        end: Unix time, later than `start`; then it is over.
        temperature_c: °C, the same throughout.

    Raises:
        InvalidParametersError: a figure is none, or the end is not later than the start.
    """

    start: float
    end: float
    temperature_c: float

    def __post_init__(self) -> None:
        require_unix_time("start", self.start)
        require_unix_time("end", self.end)
        require_temperature("temperature_c", self.temperature_c)
        if self.end <= self.start:
            raise InvalidParametersError("end", self.end, f"later than {self.start!r}, the start")

    def outside(self, other: "TemperatureSpell") -> "list[TemperatureSpell]":
        """What is left of it, in order, where `other` takes its place."""
        edges = [(self.start, min(self.end, other.start)), (max(self.start, other.end), self.end)]
        return [TemperatureSpell(start, end, self.temperature_c) for start, end in edges if start < end]


@dataclass(frozen=True)
class InterruptedTemperature:
    """A usual temperature with spells of another.

    Attributes:
        usual: outside the spells.
        spells: in order of time; each starts when the one before it is over, or later.

    Raises:
        InvalidParametersError: a spell starts before the one before it is over.
    """

    usual: CyclicTemperature | RecordedTemperature
    spells: tuple[TemperatureSpell, ...] = ()

    def __post_init__(self) -> None:
        for index, (before, spell) in enumerate(pairwise(self.spells), start=1):
            if spell.start < before.end:
                raise InvalidParametersError(
                    f"spells[{index}].start",
                    spell.start,
                    f"{before.end!r} or later: in order, none in another",
                )

    def temperature_c(self, at: float) -> float:
        """The temperature at Unix time `at`, in °C."""
        index = drift.spell_at(self.table, at)
        return self.usual.temperature_c(at) if index < 0 else self.table.temperatures_c[index]

    def deviation_c2_s(self, turnover_c: float, start: float, end: float) -> float:
        """The integral of (temperature − turnover)² from Unix time `start` to `end`, in °C²·s."""
        excess_c2_s = self._excess_c2_s(turnover_c, end) - self._excess_c2_s(turnover_c, start)
        return self.usual.deviation_c2_s(turnover_c, start, end) + excess_c2_s

    def _excess_c2_s(self, turnover_c: float, at: float) -> float:
        """What the spells until Unix time `at` add to the integral."""
        totals_c2_s = self._totals_c2_s.get(turnover_c)
        if totals_c2_s is None:
            wholes = (self._spell_excess_c2_s(turnover_c, spell, spell.end) for spell in self.spells)
            totals_c2_s = self._totals_c2_s[turnover_c] = array("d", accumulate(wholes, initial=0.0))
        index = drift.spell_at(self.table, at)
        if index < 0:
            return totals_c2_s[drift.count_until(self.table.starts, at)]
        return totals_c2_s[index] + self._spell_excess_c2_s(turnover_c, self.spells[index], at)

    def _spell_excess_c2_s(self, turnover_c: float, spell: TemperatureSpell, until: float) -> float:
        deviation_c = spell.temperature_c - turnover_c
        usual_c2_s = self.usual.deviation_c2_s(turnover_c, spell.start, until)
        return deviation_c * deviation_c * (until - spell.start) - usual_c2_s

    @cached_property
    def _totals_c2_s(self) -> "dict[float, array[float]]":
        """By turnover: what the first 0, 1, 2, … spells add to the integral."""
        return {}

    @cached_property
    def table(self) -> drift.TemperatureSpells:
        """The spells as `keyfob.drift` reads them."""
        return drift.TemperatureSpells(
            array("d", [spell.start for spell in self.spells]),
            array("d", [spell.end for spell in self.spells]),
            array("d", [spell.temperature_c for spell in self.spells]),
        )


Temperature = CyclicTemperature | RecordedTemperature | InterruptedTemperature


def with_spell(temperature: Temperature, spell: TemperatureSpell) -> InterruptedTemperature:
    """The same temperature but for one more spell, which takes the place of those it meets."""
    if not isinstance(temperature, InterruptedTemperature):
        return InterruptedTemperature(temperature, (spell,))
    others = [part for other in temperature.spells for part in other.outside(spell)]
    spells = sorted([*others, spell], key=lambda each: each.start)
    return InterruptedTemperature(temperature.usual, tuple(spells))


ROOM_TEMPERATURE = CyclicTemperature(25.0)
"""25 °C, always: where a common crystal neither gains nor loses by its temperature."""

TEMPERATE_CLIMATE = CyclicTemperature(
    mean_c=12.0,
    cycles=(
        TemperatureCycle(amplitude_c=10.0, period_s=YEAR_S, warmest_at=200.0 * DAY_S),
        TemperatureCycle(amplitude_c=5.0, period_s=DAY_S, warmest_at=0.625 * DAY_S),
    ),
)
"""Outdoors in a temperate country: warmest in late July and at 15:00 UTC."""
