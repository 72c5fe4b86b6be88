"""The ways to make codes that the batch kernel is measured against: each makes its own number of codes per call."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyotp
from batch_limit import CHAIN_CYCLES, LINKS, run_clock
from batch_rounds import Way
from c_reference import Reference
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from keyfob import Parameters, hotp
from keyfob.batch import MidStates, codes, find_steps, prepare
from keyfob.batch.chunks import CHUNK, cores
from keyfob.batch.hotp import write_codes
from keyfob.codes import truncate
from keyfob.parameters import Algorithm

MILLION = 1_000_000
MANY = 4 * MILLION
SEED_BYTES = 20
LOOP_CODES = 2_000
LIBRARY_CODES = 200
UNSHARED_CALLS = 100
TIME_STEP_S = 30

KERNEL = "kernel, a cached block"
ONE_CALL = "codes(), a million pairs"
ALL_CORES = "codes(), four million pairs on all cores"
UNSHARED = "kernel, a cached block for each core"
LOOP = "hmac.digest"
PYOTP = "pyotp"
CRYPTOGRAPHY = "cryptography"
CLOCK = "the processor's clock"
PACKED = "a million of 20 packed bytes"
PLAIN_SEARCH = "hotp"


@dataclass(frozen=True)
class Batch:
    """Random seeds of the usual length, and a time step for each."""

    algorithm: Algorithm
    packed: Any
    steps: Any
    midstates: MidStates
    many: MidStates
    block: MidStates

    @classmethod
    def of(cls, algorithm: Algorithm) -> "Batch":
        draws = np.random.default_rng(6238)
        packed = draws.integers(0, 256, (MILLION, SEED_BYTES), np.uint8)
        steps = draws.integers(50_000_000, 70_000_000, MILLION, np.uint64)
        seeds = packed, np.tile(packed, (MANY // MILLION, 1)), packed[:CHUNK]
        return cls(algorithm, packed, steps, *(prepare(some, algorithm) for some in seeds))


def code_ways(batch: Batch) -> list[Way]:
    """On one core, but for one; and the clock, which is timed like them."""
    algorithm, words, shown = batch.algorithm, batch.block.reveal(), np.empty(CHUNK, np.uint32)
    block_steps, many_steps = batch.steps[:CHUNK], np.arange(MANY, dtype=np.uint64)
    pairs = [
        (row.tobytes(), int(step)) for row, step in zip(batch.packed, batch.steps[:LOOP_CODES], strict=False)
    ]
    return [
        Way(KERNEL, lambda: write_codes(algorithm, words, 0, block_steps, digits=6, codes=shown), CHUNK),
        Way(ONE_CALL, lambda: codes(batch.midstates, batch.steps), MILLION),
        Way(ALL_CORES, lambda: codes(batch.many, many_steps, parallel=True), MANY),
        Way(UNSHARED, lambda: _unshared(batch), UNSHARED_CALLS * CHUNK * cores()),
        Way(LOOP, lambda: _hmac_loop(pairs, algorithm.hash_name), len(pairs)),
        _pyotp_way(pairs[:LIBRARY_CODES], algorithm),
        _cryptography_way(pairs[:LIBRARY_CODES], algorithm),
        Way(CLOCK, run_clock, LINKS * CHAIN_CYCLES),
    ]


def _unshared(batch: Batch) -> None:
    """What threads reach that have nothing to do with one another: the cores' own limit."""

    def run(_core: int) -> None:
        shown = np.empty(CHUNK, np.uint32)
        for _ in range(UNSHARED_CALLS):
            write_codes(batch.algorithm, batch.block.reveal(), 0, batch.steps[:CHUNK], digits=6, codes=shown)

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(run, range(cores())))


def c_ways(batch: Batch, references: Mapping[str, Reference]) -> list[Way]:
    """The C reference on the block, named by its flags, once it was seen to compute the same codes."""
    steps, shown = batch.steps[:CHUNK], np.empty(CHUNK, np.uint32)
    expected = codes(batch.block, steps)
    for flags, reference in references.items():
        reference(batch.block, steps, shown)
        if not (shown == expected).all():
            raise RuntimeError(f"the C reference ({flags}) computes other codes")
    return [
        Way(flags, lambda make=reference: make(batch.block, steps, shown), CHUNK)
        for flags, reference in references.items()
    ]


def seed_ways(batch: Batch) -> list[Way]:
    listed = [row.tobytes() for row in batch.packed]
    return [
        Way(PACKED, lambda: prepare(batch.packed, batch.algorithm), MILLION),
        Way("the same on all cores", lambda: prepare(batch.packed, batch.algorithm, parallel=True), MILLION),
        Way("a list of a million", lambda: prepare(listed, batch.algorithm), MILLION),
    ]


def search_ways(count: int) -> list[Way]:
    seed, parameters = bytes(range(SEED_BYTES)), Parameters()
    first = 60_000_000
    code = hotp(seed, first + count - 1, parameters)
    last = first + count - 1

    def plainly() -> list[int]:
        return [
            step for step in range(first, last + 1) if hmac.compare_digest(hotp(seed, step, parameters), code)
        ]

    if find_steps(seed, code, first, last, parameters) != plainly():
        raise RuntimeError("find_steps finds other steps than a plain search")
    return [
        Way("find_steps", lambda: find_steps(seed, code, first, last, parameters), count),
        Way(PLAIN_SEARCH, plainly, count),
    ]


def _hmac_loop(pairs: list[tuple[bytes, int]], hash_name: str) -> None:
    for seed, step in pairs:
        truncate(hmac.digest(seed, step.to_bytes(8, "big"), hash_name)) % 1_000_000


def _pyotp_way(pairs: list[tuple[bytes, int]], algorithm: Algorithm) -> Way:
    digest = getattr(hashlib, algorithm.hash_name)
    tokens = [(pyotp.HOTP(base64.b32encode(seed).decode(), digest=digest), step) for seed, step in pairs]

    def run() -> None:
        for token, step in tokens:
            token.at(step)

    return Way(PYOTP, run, len(pairs))


def _cryptography_way(pairs: list[tuple[bytes, int]], algorithm: Algorithm) -> Way:
    tokens = [
        (TOTP(seed, 6, getattr(hashes, algorithm.name)(), TIME_STEP_S), TIME_STEP_S * step)
        for seed, step in pairs
    ]

    def run() -> None:
        for token, at in tokens:
            token.generate(at)

    return Way(CRYPTOGRAPHY, run, len(pairs))
