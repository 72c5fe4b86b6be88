"""Whether the host's clock can be believed: held against one that never jumps, and against the database's."""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from keyfob import Clock, VirtualClock

SLEW = 1e-3
"""How fast an honest clock is pulled at most: 1 000 ppm, in seconds per second."""
SETTLED_S = 1.0
"""A stepped clock counts as steady again while it moves by no more than that."""


class Limits(NamedTuple):
    """How far a clock may be off.

    Attributes:
        step_s: a larger jump is a step of the clock: half of the usual time step.
        quiet_s: how long a stepped clock must have been steady before it is believed again.
        database_s: how far the host's clock may be from the database's.
    """

    step_s: float = 15.0
    quiet_s: float = 900.0
    database_s: float = 2.0


LIMITS = Limits()


class Course(NamedTuple):
    """What was seen of a wall clock's course. Offsets are wall-clock time less steady time, in seconds.

    Attributes:
        reference_s: the offset that is believed; it follows slow slewing only.
        seen_at: the steady time of the last observation.
        step_s: how far a stepped clock is from the reference; 0 for one that was not stepped.
        settling_s: the offset at which a stepped clock came to rest.
        settling_since: the steady time from which on it has been there.
    """

    reference_s: float
    seen_at: float
    step_s: float = 0.0
    settling_s: float = 0.0
    settling_since: float = 0.0

    @property
    def is_stepped(self) -> bool:
        """Whether the clock is somewhere else than where it is believed."""
        return self.step_s != 0.0


def followed(course: Course, wall_s: float, steady_s: float, limits: Limits = LIMITS) -> Course:
    """The course after one more observation.

    Args:
        course: what was seen before.
        wall_s: Unix time by the clock that may jump.
        steady_s: seconds by one that never does, read at the same moment.
        limits: how far the former may be off.
    """
    offset_s, gap_s = wall_s - steady_s, max(steady_s - course.seen_at, 0.0)
    seen_at = max(steady_s, course.seen_at)
    reference_s = _slewed(course.reference_s, offset_s, 0.0 if course.is_stepped else gap_s)
    step_s = offset_s - reference_s
    if abs(step_s) <= limits.step_s:
        return Course(reference_s, seen_at)
    settling_s = _slewed(course.settling_s, offset_s, gap_s)
    if not course.is_stepped or abs(offset_s - settling_s) > SETTLED_S:
        return Course(reference_s, seen_at, step_s, offset_s, seen_at)
    if seen_at - course.settling_since >= limits.quiet_s:
        return Course(offset_s, seen_at)
    return Course(reference_s, seen_at, step_s, settling_s, course.settling_since)


def _slewed(from_s: float, towards_s: float, gap_s: float) -> float:
    allowed_s = gap_s * SLEW
    return from_s + min(max(towards_s - from_s, -allowed_s), allowed_s)


class Moment(NamedTuple):
    """When something arrived.

    Attributes:
        at: the verifier's Unix time, against which codes are judged.
        steady_at: Unix time that no step of the clock moves, by which waits are counted.
        learns: whether a code may teach something of its fob's clock.
    """

    at: float
    steady_at: float
    learns: bool


class ClockGuard:
    """Watches the clock of one verifier process.

    Args:
        wall: Unix time, by the clock to be watched.
        steady: seconds by a clock that never jumps.
        limits: how far the former may be off.
    """

    def __init__(
        self, wall: Callable[[], float], steady: Callable[[], float], limits: Limits = LIMITS
    ) -> None:
        self._wall, self._steady, self._limits = wall, steady, limits
        steady_s = steady()
        self._course = Course(wall() - steady_s, steady_s)
        self._from_database_s = 0.0

    def observe(self) -> None:
        """Reads both clocks. A server does so every second."""
        wall_s, steady_s = self._wall(), self._steady()
        self._course = followed(self._course, wall_s, steady_s, self._limits)

    def observe_database(self, ahead_s: float, unsure_s: float) -> None:
        """Takes note of how far the host's clock is ahead of the database's.

        Args:
            ahead_s: that much; negative for a host that is behind.
            unsure_s: how wrong that may be either way: half the round trip.
        """
        self._from_database_s = ahead_s if abs(ahead_s) - unsure_s > self._limits.database_s else 0.0

    def moment(self) -> Moment:
        """Now. A clock that was stepped is noticed here at once, without waiting for the next observation."""
        wall_s, steady_s = self._wall(), self._steady()
        course = self._course
        if course.step_s or abs(wall_s - steady_s - course.reference_s) > self._limits.step_s:
            self._course = course = followed(course, wall_s, steady_s, self._limits)
        learns = not course.step_s and not self._from_database_s
        return Moment(wall_s, steady_s + course.reference_s, learns)

    def steady_now(self) -> float:
        """Unix time that no step of the clock moves: a wait counted by it lasts its length."""
        return self._steady() + self._course.reference_s

    @property
    def may_learn(self) -> bool:
        """Whether a code may teach something of its fob's clock."""
        return not self._course.is_stepped and not self._from_database_s

    @property
    def reasons(self) -> list[str]:
        """Why not, one sentence each; nothing where it may."""
        found = []
        if self._course.is_stepped:
            found.append(f"the host's clock was stepped by {self._course.step_s:+.1f} s")
        if self._from_database_s:
            found.append(f"the host's clock is {self._from_database_s:+.1f} s from the database's")
        return found


machine_steady_s: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Seconds that nobody sets; where the system can tell them, those that it slept are among them."""


def guard_of(clock: Clock) -> ClockGuard:
    """The guard of a clock. A virtual one is moved on purpose, so that it is its own steady time."""
    steady = clock.now if isinstance(clock, VirtualClock) else machine_steady_s
    return ClockGuard(clock.now, steady)
