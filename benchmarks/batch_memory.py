"""What a batch of a given size takes: time and memory, in a process of its own, since a peak never sinks again."""

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from keyfob.batch import MidStates, codes, prepare

SEED_BYTES = 20
CODE_BYTES = 4


@dataclass(frozen=True)
class Footprint:
    """What computing the codes of so many pairs took.

    Attributes:
        pairs: how many.
        seconds: of the quickest of seven runs.
        traced_bytes: the most that Python and NumPy had allocated for it, the codes themselves not counted.
        resident_bytes: by how much the process grew, the codes not counted; None where the system does not tell.
    """

    pairs: int
    seconds: float
    traced_bytes: float
    resident_bytes: float | None


def footprint(pairs: int) -> Footprint:
    """Measures a batch of SHA-1 in a new process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure, pairs).result()


def _measure(pairs: int) -> Footprint:
    midstates = prepare(np.random.default_rng(1).integers(0, 256, (pairs, SEED_BYTES), np.uint8))
    steps = np.arange(pairs, dtype=np.uint64)
    codes(prepare([b"seed"]), 0)
    resident = _resident_growth(lambda: codes(midstates, steps))
    traced = _traced_peak(midstates, steps)
    seconds = min(_seconds(midstates, steps) for _ in range(7))
    own = CODE_BYTES * pairs
    return Footprint(pairs, seconds, traced - own, None if resident is None else max(resident - own, 0.0))


def _seconds(midstates: MidStates, steps: np.ndarray) -> float:
    started = time.perf_counter()
    codes(midstates, steps)
    return time.perf_counter() - started


def _traced_peak(midstates: MidStates, steps: np.ndarray) -> float:
    tracemalloc.start()
    codes(midstates, steps)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _resident_growth(work: Callable[[], object]) -> float | None:
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is resident now
        before = _resident_kib("VmRSS")
        work()
        return 1024.0 * (_resident_kib("VmHWM") - before)
    except OSError:
        return None


def _resident_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
