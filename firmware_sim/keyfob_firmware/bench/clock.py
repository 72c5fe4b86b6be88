"""The bench's time: it runs with the machine's clock, some way ahead of it, or stands still."""

from dataclasses import dataclass, replace
from enum import StrEnum

from keyfob.clock import Clock
from keyfob.errors import InvalidParametersError
from keyfob.quantities import YEAR_S, require_quantity

LONGEST_ADVANCE_S = 200.0 * YEAR_S
"""As far ahead of the machine's clock as the bench's time may be moved."""


class Mode(StrEnum):
    """What the bench's time does by itself."""

    RUNNING = "running"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Setting:
    """How the bench's clock is set.

    Attributes:
        ahead_s: while it runs, how far it is ahead of the machine's clock.
        stands_at: the Unix time that it stands at; None while it runs.
    """

    ahead_s: float = 0.0
    stands_at: float | None = None


class BenchClock:
    """The true time of all fobs on a bench; it never goes back.

    Args:
        machine: the machine's own clock.
        setting: how it was left.
    """

    def __init__(self, machine: Clock, setting: Setting) -> None:
        self._machine = machine
        self._setting = setting
        self._latest = self._told()

    @property
    def setting(self) -> Setting:
        """How it is set now."""
        return self._setting

    @property
    def mode(self) -> Mode:
        """Whether it runs."""
        return Mode.RUNNING if self._setting.stands_at is None else Mode.STANDING

    def now(self) -> float:
        """The bench's time; where the machine's clock is set back it waits until that has caught up."""
        self._latest = max(self._latest, self._told())
        return self._latest

    def advance(self, seconds: float) -> None:
        """Moves it on; it goes on running or standing.

        Raises:
            InvalidParametersError: that is backwards, or too far from the machine's time.
        """
        require_quantity("seconds", seconds, 0.0, LONGEST_ADVANCE_S, "seconds")
        now = self.now()
        if now + seconds > self._machine.now() + LONGEST_ADVANCE_S:
            raise InvalidParametersError(
                "seconds", seconds, "no more than leads 200 years ahead of the machine"
            )
        if self._setting.stands_at is None:
            self._setting = replace(self._setting, ahead_s=self._setting.ahead_s + seconds)
        else:
            self._setting = replace(self._setting, stands_at=now + seconds)

    def switch(self, mode: Mode) -> None:
        """Lets it run or stand still from now on."""
        now = self.now()
        if mode is Mode.STANDING:
            self._setting = Setting(stands_at=now)
        elif self.mode is Mode.STANDING:
            self._setting = Setting(ahead_s=now - self._machine.now())

    def reset_to(self, setting: Setting) -> None:
        """Sets it back to what it was before a change that could not be kept."""
        self._setting = setting
        self._latest = self._told()

    def _told(self) -> float:
        stands_at = self._setting.stands_at
        return self._machine.now() + self._setting.ahead_s if stands_at is None else stands_at
