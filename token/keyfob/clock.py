"""Where time comes from: it is handed in as a `Clock`, never asked of the machine further down."""

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from keyfob.oscillator import Oscillator


class Clock(Protocol):
    """Tells the time as Unix time in seconds."""

    def now(self) -> float:
        """The time by this clock."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """The machine's time."""
        return time.time()


class VirtualClock:
    """A clock that stands still until moved, and never moves back.

    Args:
        start: the Unix time it shows at first.
    """

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """The time it was last moved to."""
        return self._now

    def advance(self, *, days: float = 0.0, seconds: float = 0.0) -> None:
        """Moves it on.

        Raises:
            ValueError: that would be backwards.
        """
        self.move_to(self._now + days * 86_400.0 + seconds)

    def move_to(self, at: float) -> None:
        """Moves it to a later Unix time, or to the one it shows.

        Raises:
            ValueError: `at` is earlier, or not a number.
        """
        if not at >= self._now:
            raise ValueError(f"a clock at {self._now} cannot go back to {at}")
        self._now = at


class DriftingClock:
    """A fob's clock: true time as its oscillator gets it wrong.

    Args:
        truth: tells the true time.
        oscillator: what the clock keeps its time by; put `oscillator.jumped(…)` in its place to make it jump.
    """

    def __init__(self, truth: Clock, oscillator: "Oscillator") -> None:
        self.truth, self.oscillator = truth, oscillator

    def now(self) -> float:
        """The time that the fob believes it is."""
        at = self.truth.now()
        return at + self.oscillator.offset_s(at)

    def offset_s(self) -> float:
        """How far it is ahead of true time, in seconds."""
        return self.oscillator.offset_s(self.truth.now())
