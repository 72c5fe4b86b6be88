"""Somebody without the fob, guessing as fast as the verifier lets them."""

import random
from dataclasses import dataclass

from keyfob import VirtualClock
from keyfob_firmware.demo.life import Verifier

GUESS_S = 1.0
PATIENCE_S = 300.0
HOURS = 24


@dataclass(frozen=True, slots=True)
class Siege:
    """What a day of guessing came to.

    Attributes:
        sent: guesses sent.
        compared: guesses that were compared with a code at all.
        compared_first_hour: those of the first hour.
        accepted: guesses that were right.
    """

    sent: int
    compared: int
    compared_first_hour: int
    accepted: int


def besiege(serial: str, verifier: Verifier, truth: VirtualClock, chance: random.Random) -> Siege:
    """Guesses for a day: one guess a second while they are compared, and a try every few minutes when not."""
    started = truth.now()
    sent = compared = accepted = first_hour = 0
    while truth.now() < started + HOURS * 3600.0:
        verifier.move_clock(truth.now())
        answer = verifier.validate(serial, f"{chance.randrange(10**6):06d}")
        sent += 1
        compared += answer != "retry-after"
        accepted += answer == "accepted"
        if truth.now() < started + 3600.0:
            first_hour = compared
        truth.advance(seconds=PATIENCE_S if answer == "retry-after" else GUESS_S)
    return Siege(sent, compared, first_hour, accepted)
