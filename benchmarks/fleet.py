"""Fleets: how long it takes to make ten thousand fobs, and what pressing one costs beyond its HMAC."""

import hmac
import secrets
import statistics
import tempfile
import time
from pathlib import Path
from random import Random

from figures import Figure, show
from rich.console import Console

from keyfob.clock import VirtualClock
from keyfob.fleet_spec import FleetSpec
from keyfob.formats.fleet_seeds import format_seed_file
from keyfob.seed import SealingKey
from keyfob_firmware.fleet import Chance, MadeFob, make_fleet
from keyfob_firmware.fleet_file import FleetFile
from keyfob_firmware.fob import Fob

FOBS = 10_000
PRESSED = 200
ROUNDS = 25
RUNS = 3
NOW = 1_800_000_000.0
STEP_S = 30.0
CHANCE = Chance(Random(1), secrets.token_bytes, secrets.token_bytes)
MAKING, PRESSING = f"Making a fleet of {FOBS:,} fobs", "Pressing the fobs of a fleet in turns"


def figures() -> list[Figure]:
    """Making a fleet, and pressing its fobs."""
    return making() + pressing()


def making() -> list[Figure]:
    key = SealingKey.generate()
    seconds = statistics.median(made_in_s(key) for _ in range(RUNS))
    return [Figure(MAKING, "with its file and its seed file", seconds, "s", aim="under 10 s")]


def made_in_s(key: SealingKey) -> float:
    with tempfile.TemporaryDirectory() as directory:
        begun = time.perf_counter()
        fobs: list[MadeFob] = list(make_fleet(FleetSpec(), FOBS, CHANCE, key, NOW))
        FleetFile.create(Path(directory) / "fleet", (fob.state for fob in fobs)).close()
        (Path(directory) / "seeds.csv").write_text(format_seed_file(fob.record for fob in fobs))
        return time.perf_counter() - begun


def pressing() -> list[Figure]:
    """Each fob has its clock, is pressed once before it counts, and then once in each of its next time steps.

    The quickest turns count: this is a time and no ratio, and what else runs can only add to it.
    """
    key, clock = SealingKey.generate(), VirtualClock(NOW)
    made = list(make_fleet(FleetSpec(), PRESSED, CHANCE, key, NOW))
    secret = made[0].record.carried.seed.reveal()
    fobs = [Fob(fob.state, key, clock) for fob in made]
    for fob in fobs:
        fob.press()
    presses, digests = [], []
    for turn in range(ROUNDS):
        clock.advance(seconds=STEP_S)
        presses.append(pressed_in_s(fobs) / PRESSED)
        digests.append(digested_in_s(secret, turn) / PRESSED)
    press_us, digest_us = min(presses) * 1e6, min(digests) * 1e6
    return [
        Figure(PRESSING, "a press", press_us, "µs"),
        Figure(PRESSING, "hmac.digest", digest_us, "µs"),
        Figure(PRESSING, "a press beyond its HMAC", press_us - digest_us, "µs", aim="at most 20 µs"),
    ]


def pressed_in_s(fobs: list[Fob]) -> float:
    begun = time.perf_counter()
    for fob in fobs:
        fob.press()
    return time.perf_counter() - begun


def digested_in_s(secret: bytes, turn: int) -> float:
    begun = time.perf_counter()
    for step in range(turn, turn + PRESSED):
        hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    return time.perf_counter() - begun


if __name__ == "__main__":
    show(figures(), Console())
