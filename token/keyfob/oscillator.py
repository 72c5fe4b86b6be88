"""The crystal that a fob keeps its time by: how fast it runs and how far it has drifted, as a function of time."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Self

from keyfob import drift
from keyfob.errors import InvalidParametersError
from keyfob.quantities import (
    PPM_LIMIT,
    UNIX_LIMIT_S,
    YEAR_S,
    require_quantity,
    require_temperature,
    require_unix_time,
)
from keyfob.temperature import ROOM_TEMPERATURE, Temperature
from keyfob.wander import WanderTable

OLDEST_S = 1000.0 * YEAR_S
"""The age beyond which an oscillator is not followed."""

FIRST_YEAR_TIME_CONSTANT_S = YEAR_S / math.expm1(1.0)
"""With this time constant, a year over e − 1, an ageing figure is what a crystal ages in its first year."""

_SEED_LIMIT = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Crystal:
    """A 32 768 Hz tuning-fork crystal, as its data sheet and its maker's measurement describe it.

    Its rate is tolerance + parabola·(temperature − turnover)² + ageing·ln(1 + t/time constant) + wander, in ppm.

    Attributes:
        tolerance_ppm: the error it was made with; ±20 is the common grade, 1 ppm is 0.0864 s a day.
        parabola_ppm_per_c2: never above 0: away from the turnover a tuning fork slows.
        turnover_c: where it runs fastest, 25 ± 5 °C in most.
        ageing_ppm: what it gains in its first year with the usual time constant; data sheets promise ±3.
        ageing_time_constant_s: the longer, the more evenly it ages.
        wander_ppm_per_sqrt_day: the standard deviation by which its rate walks in a day.

    Raises:
        InvalidParametersError: a figure is none, or is not possible.
    """

    tolerance_ppm: float
    parabola_ppm_per_c2: float = -0.034
    turnover_c: float = 25.0
    ageing_ppm: float = 1.0
    ageing_time_constant_s: float = FIRST_YEAR_TIME_CONSTANT_S
    wander_ppm_per_sqrt_day: float = 0.01

    def __post_init__(self) -> None:
        require_quantity("tolerance_ppm", self.tolerance_ppm, -PPM_LIMIT, PPM_LIMIT, "ppm")
        require_quantity("parabola_ppm_per_c2", self.parabola_ppm_per_c2, -PPM_LIMIT, 0.0, "ppm per °C²")
        require_temperature("turnover_c", self.turnover_c)
        require_quantity("ageing_ppm", self.ageing_ppm, -PPM_LIMIT, PPM_LIMIT, "ppm")
        require_quantity("ageing_time_constant_s", self.ageing_time_constant_s, 1.0, 1e12, "seconds")
        require_quantity("wander_ppm_per_sqrt_day", self.wander_ppm_per_sqrt_day, 0.0, PPM_LIMIT, "ppm")


@dataclass(frozen=True, slots=True)
class Jump:
    """A sudden change of a clock's offset: a supply drop, a changed battery, an oscillator that stood still.

    Attributes:
        at: Unix time; from then on, that time included, it counts.
        size_s: seconds, negative where the clock falls behind.

    Raises:
        InvalidParametersError: a figure is none, or out of range.
    """

    at: float
    size_s: float

    def __post_init__(self) -> None:
        require_unix_time("at", self.at)
        require_quantity("size_s", self.size_s, -UNIX_LIMIT_S, UNIX_LIMIT_S, "seconds")


@dataclass(frozen=True, slots=True)
class RateStep:
    """A sudden and lasting change of a clock's rate: another supply voltage, a knock.

    Attributes:
        at: Unix time; from then on, that time included, it counts.
        change_ppm: negative where the clock slows; a perfect one that slows by a million stands still.

    Raises:
        InvalidParametersError: a figure is none, or out of range.
    """

    at: float
    change_ppm: float

    def __post_init__(self) -> None:
        require_unix_time("at", self.at)
        require_quantity("change_ppm", self.change_ppm, -PPM_LIMIT, PPM_LIMIT, "ppm")


@dataclass(frozen=True, slots=True)
class Stop:
    """A span in which an oscillator does not swing: its clock stands exactly still and then goes on from there.

    Attributes:
        start: Unix time.
        end: Unix time, not before `start`; then the clock runs again.

    Raises:
        InvalidParametersError: a figure is none, or the end lies before the start.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        require_unix_time("start", self.start)
        require_unix_time("end", self.end)
        if self.end < self.start:
            raise InvalidParametersError("end", self.end, f"{self.start!r} or later, as the stop starts then")


@dataclass(frozen=True, kw_only=True)
class Oscillator:
    """One fob's oscillator from its manufacture on: its fields, and nothing else, fix its whole trajectory.

    Whatever the moments it is asked about and their order, a moment's answer is the same to the bit. Before
    its manufacture it is what it was then.

    Attributes:
        crystal: what it is made of.
        temperature: that of its surroundings over time.
        made_at: the Unix time of manufacture.
        wander_seed: 0 to 2**64 - 1; fixes the random walk of the rate.
        offset_at_manufacture_s: how far ahead of true time it was set.
        jumps: in order of time, none before manufacture.
        rate_steps: in order of time, none before manufacture.
        stops: in order of time, none before manufacture, none beginning in another. While it stands, it ages and
            wanders unseen; a jump moves the standing clock.

    Raises:
        InvalidParametersError: a figure is none, or is not possible.
    """

    crystal: Crystal
    temperature: Temperature = ROOM_TEMPERATURE
    made_at: float
    wander_seed: int
    offset_at_manufacture_s: float = 0.0
    jumps: tuple[Jump, ...] = ()
    rate_steps: tuple[RateStep, ...] = ()
    stops: tuple[Stop, ...] = ()

    def __post_init__(self) -> None:
        require_unix_time("made_at", self.made_at)
        require_quantity(
            "offset_at_manufacture_s", self.offset_at_manufacture_s, -UNIX_LIMIT_S, UNIX_LIMIT_S, "seconds"
        )
        if type(self.wander_seed) is not int or not 0 <= self.wander_seed <= _SEED_LIMIT:
            raise InvalidParametersError(
                "wander_seed", self.wander_seed, f"a whole number from 0 to {_SEED_LIMIT}"
            )
        self._require_order("jumps[{}].at", [jump.at for jump in self.jumps])
        self._require_order("rate_steps[{}].at", [step.at for step in self.rate_steps])
        self._require_order("stops", [at for stop in self.stops for at in (stop.start, stop.end)])
        if self.stops and self.stops[-1].end - self.made_at > OLDEST_S:
            raise InvalidParametersError(
                f"stops[{len(self.stops) - 1}]", self.stops[-1], "over within a thousand years of manufacture"
            )

    def offset_s(self, at: float) -> float:
        """How far it is ahead of true time at Unix time `at`, in seconds.

        Raises:
            InvalidParametersError: `at` is no number, or a thousand years after manufacture.
        """
        if self.stops:
            ran_until, stood_s = drift.last_ran(self._stops, at)
            offset_s = self._running_s(ran_until) - stood_s
        else:
            offset_s = self._running_s(at)
        return offset_s + drift.jumps_s(self._jumps, at) if self.jumps else offset_s

    def rate_ppm(self, at: float) -> float:
        """How fast it runs at Unix time `at`, in ppm: the derivative of its offset, but for the jumps.

        In a stop it is a million below 0.

        Raises:
            InvalidParametersError: `at` is no number, or a thousand years after manufacture.
        """
        elapsed_s = self._elapsed_s(at)
        if self.stops and drift.stands(self._stops, at):
            return -PPM_LIMIT
        deviation_c = self.temperature.temperature_c(self.made_at + elapsed_s) - self.crystal.turnover_c
        rate_ppm = drift.drift_ppm(
            self._coefficients,
            1.0,
            deviation_c * deviation_c,
            drift.ageing(self.crystal.ageing_time_constant_s, elapsed_s),
            drift.wandered_ppm(self._wander.reaching(elapsed_s), elapsed_s),
        )
        return rate_ppm + drift.stepped_ppm(self._rate_steps, at) if self.rate_steps else rate_ppm

    def jumped(self, at: float, size_s: float) -> Self:
        """The same oscillator with one more jump.

        Raises:
            InvalidParametersError: a figure is none, or `at` lies before manufacture.
        """
        jumps = sorted([*self.jumps, Jump(at, size_s)], key=lambda jump: jump.at)
        return replace(self, jumps=tuple(jumps))

    def stepped(self, at: float, change_ppm: float) -> Self:
        """The same oscillator with one more step of its rate.

        Raises:
            InvalidParametersError: a figure is none, or `at` lies before manufacture.
        """
        steps = sorted([*self.rate_steps, RateStep(at, change_ppm)], key=lambda step: step.at)
        return replace(self, rate_steps=tuple(steps))

    def stopped(self, at: float, duration_s: float) -> Self:
        """The same oscillator with one more stop; with those that it touches it makes one.

        Raises:
            InvalidParametersError: a figure is none or negative, `at` lies before manufacture, or the stop ends a
                thousand years after it.
        """
        require_quantity("duration_s", duration_s, 0.0, UNIX_LIMIT_S, "seconds")
        new = Stop(at, at + duration_s)
        apart = [stop for stop in self.stops if stop.end < new.start or new.end < stop.start]
        touching = [new, *(stop for stop in self.stops if stop not in apart)]
        whole = Stop(min(stop.start for stop in touching), max(stop.end for stop in touching))
        return replace(self, stops=tuple(sorted([*apart, whole], key=lambda stop: stop.start)))

    def _require_order(self, field: str, times: Sequence[float]) -> None:
        for index, (before, at) in enumerate(pairwise([self.made_at, *times])):
            if at < before:
                raise InvalidParametersError(
                    field.format(index), at, f"{before!r} or later: in order, and not before manufacture"
                )

    def _running_s(self, at: float) -> float:
        """How far it would be ahead had it never stopped and never jumped."""
        elapsed_s = self._elapsed_s(at)
        drift_ppm_s = drift.drift_ppm(
            self._coefficients,
            elapsed_s,
            self.temperature.deviation_c2_s(self.crystal.turnover_c, self.made_at, self.made_at + elapsed_s),
            drift.ageing_s(self.crystal.ageing_time_constant_s, elapsed_s),
            drift.wandered_ppm_s(self._wander.reaching(elapsed_s), elapsed_s),
        )
        if self.rate_steps:
            drift_ppm_s += drift.stepped_ppm_s(self._rate_steps, at)
        return self.offset_at_manufacture_s + 1e-6 * drift_ppm_s

    def _elapsed_s(self, at: float) -> float:
        elapsed_s = max(at - self.made_at, 0.0)
        if not elapsed_s <= OLDEST_S:
            raise InvalidParametersError("at", at, "a Unix time within a thousand years of manufacture")
        return elapsed_s

    @cached_property
    def _coefficients(self) -> drift.Coefficients:
        crystal = self.crystal
        return drift.Coefficients(crystal.tolerance_ppm, crystal.parabola_ppm_per_c2, crystal.ageing_ppm)

    @cached_property
    def _wander(self) -> WanderTable:
        return WanderTable(self.wander_seed, self.crystal.wander_ppm_per_sqrt_day)

    @cached_property
    def _jumps(self) -> drift.Jumps:
        times = array("d", [jump.at for jump in self.jumps])
        return drift.Jumps(times, array("d", accumulate((jump.size_s for jump in self.jumps), initial=0.0)))

    @cached_property
    def _rate_steps(self) -> drift.RateSteps:
        times = array("d", [step.at for step in self.rate_steps])
        rates_ppm = array("d", accumulate(step.change_ppm for step in self.rate_steps))
        pieces = (
            rate_ppm * (end - start)
            for rate_ppm, (start, end) in zip(rates_ppm, pairwise(times), strict=False)
        )
        return drift.RateSteps(times, rates_ppm, array("d", accumulate(pieces, initial=0.0)))

    @cached_property
    def _stops(self) -> drift.Stops:
        losses_s = (
            stop.end - stop.start + self._running_s(stop.end) - self._running_s(stop.start)
            for stop in self.stops
        )
        return drift.Stops(
            array("d", [stop.start for stop in self.stops]),
            array("d", [stop.end for stop in self.stops]),
            array("d", accumulate(losses_s, initial=0.0)),
        )
