"""Two years of fobs and their owners: who logs in when, what the fob showed, what the verifier said."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from keyfob import Parameters, VirtualClock, time_step
from keyfob.quantities import DAY_S
from keyfob_firmware.fob import Fob

TYPING_MEDIAN_S = 8.0
TYPING_SIGMA = 0.6
GAP_MEDIAN_S = 2.5 * DAY_S
GAP_SIGMA = 0.6
TRIES = 3
LOGINS_PER_REPLAY = 10


class Verifier(Protocol):
    """What a login needs of a verifier."""

    def move_clock(self, to: float) -> None:
        """Moves its time on."""

    def validate(self, serial: str, code: str) -> str:
        """Submits a code; the answer."""


@dataclass
class Owner:
    """Somebody with a fob, and the tally of their logins.

    Attributes:
        serial: of the token.
        fob: in their hand.
        logins: how often they wanted in.
        first_accepted: how often their first code was accepted.
        accepted: how often one of the codes that they typed was.
        fixed_accepted: how often a fixed window of one step either side would have taken the first code.
        replays: codes sent a second time.
        replays_refused: how many of those were not accepted.
    """

    serial: str
    fob: Fob
    logins: int = 0
    first_accepted: int = 0
    accepted: int = 0
    fixed_accepted: int = 0
    replays: int = 0
    replays_refused: int = 0
    last_code: str | None = field(default=None, repr=False)


def live(
    owners: list[Owner],
    verifier: Verifier,
    truth: VirtualClock,
    until: float,
    chance: random.Random,
) -> Iterator[float]:
    """Lets the owners log in every few days until a Unix time; yields the time after each login."""
    calendar = [(truth.now() + _gap_s(chance), index) for index in range(len(owners))]
    heapq.heapify(calendar)
    while calendar[0][0] < until:
        at, index = heapq.heappop(calendar)
        owner = owners[index]
        truth.move_to(max(at, truth.now()))
        _log_in(owner, verifier, truth, chance)
        if owner.logins % LOGINS_PER_REPLAY == 0:
            _replay(owner, verifier)
        heapq.heappush(calendar, (truth.now() + _gap_s(chance), index))
        yield truth.now()


def _log_in(owner: Owner, verifier: Verifier, truth: VirtualClock, chance: random.Random) -> None:
    owner.logins += 1
    for attempt in range(TRIES):
        reading = owner.fob.press()
        truth.advance(seconds=_typing_s(chance))
        if attempt == 0:
            owner.fixed_accepted += abs(time_step(truth.now(), Parameters()) - reading.step) <= 1
        verifier.move_clock(truth.now())
        owner.last_code = reading.code
        if verifier.validate(owner.serial, reading.code) == "accepted":
            owner.first_accepted += attempt == 0
            owner.accepted += 1
            return
        truth.advance(seconds=max(reading.changes_in_s, 0.0))


def _replay(owner: Owner, verifier: Verifier) -> None:
    if owner.last_code is not None:
        owner.replays += 1
        owner.replays_refused += verifier.validate(owner.serial, owner.last_code) != "accepted"


def _typing_s(chance: random.Random) -> float:
    return TYPING_MEDIAN_S * chance.lognormvariate(0.0, TYPING_SIGMA)


def _gap_s(chance: random.Random) -> float:
    return GAP_MEDIAN_S * chance.lognormvariate(0.0, GAP_SIGMA)
