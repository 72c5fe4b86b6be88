"""The time of the world that a test's fobs lie in: the machine's, or a virtual one that the test moves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from keyfob.clock import Clock, SystemClock, VirtualClock
from keyfob_firmware.errors import NoTimeTravelError, TimeStandsStillError

_GLANCE_S = 0.02
"""A clock that has not moved after such a real time stands still; some clocks tick only every 16 ms."""

Mover = Callable[[float], None]


class VirtualTime(VirtualClock):
    """A world's time that stands still until moved, and never moves back.

    Args:
        start: the Unix time it shows at first.
    """

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self._movers: list[Mover] = []

    def move_to(self, at: float | datetime) -> None:
        """Moves it to a later Unix time, or to a `datetime` with its zone.

        Raises:
            ValueError: `at` is earlier, not a number, or a `datetime` without a zone.
        """
        if isinstance(at, datetime):
            if at.tzinfo is None:
                raise ValueError("a datetime needs its zone here: give it a tzinfo, such as datetime.UTC")
            at = at.timestamp()
        super().move_to(at)
        for move in self._movers:
            move(at)

    @contextmanager
    def patch(self) -> Iterator[None]:
        """Within it the application in this process lives in this time too.

        `time.time()`, `datetime.now()` and their kin tell it, and stand still until it is moved; `time.monotonic()`
        and so the timeouts of servers and event loops go on. time-machine does it where it is installed, else
        freezegun, with which only event loops keep their real time.

        Raises:
            NoTimeTravelError: neither is installed.
        """
        with _travelling(self.now()) as move:
            self._movers.append(move)
            try:
                yield
            finally:
                self._movers.remove(move)


class World:
    """What fobs ask for the true time: the clock at its side, which may be replaced while they live.

    Attributes:
        clock: the machine's unless replaced.
    """

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()

    def now(self) -> float:
        """The true time."""
        return self.clock.now()

    def wait(self, seconds: float) -> None:
        """Lets so much time pass: moves virtual time, or waits by the machine's clock.

        Raises:
            TimeStandsStillError: the machine's clock was stopped by freezegun, time-machine or their like.
        """
        if isinstance(self.clock, VirtualClock):
            self.clock.advance(seconds=seconds)
            return
        if seconds <= 0.0:
            return
        before = self.clock.now()
        time.sleep(_GLANCE_S)
        if self.clock.now() == before:
            raise TimeStandsStillError
        time.sleep(max(before + seconds - self.clock.now(), 0.0))


@contextmanager
def _travelling(at: float) -> Iterator[Mover]:
    try:
        import time_machine  # noqa: PLC0415  an option
    except ModuleNotFoundError:
        with _frozen(at) as move:
            yield move
        return
    with time_machine.travel(at, tick=False) as traveller:
        yield traveller.move_to


@contextmanager
def _frozen(at: float) -> Iterator[Mover]:
    try:
        import freezegun  # noqa: PLC0415  an option
    except ModuleNotFoundError:
        raise NoTimeTravelError from None

    def moment(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

    with freezegun.freeze_time(moment(at), real_asyncio=True) as frozen:
        yield lambda seconds: frozen.move_to(moment(seconds))
