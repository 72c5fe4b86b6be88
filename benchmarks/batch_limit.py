"""How near the kernel comes to what a core's vector units can do at the clock speed of the moment."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from keyfob.batch import kernel
from keyfob.parameters import Algorithm

KERNELS = {
    Algorithm.SHA1: kernel.hotp_sha1,
    Algorithm.SHA256: kernel.hotp_sha256,
    Algorithm.SHA512: kernel.hotp_sha512,
}
REGISTER_BITS = {"zmm": 512, "ymm": 256, "xmm": 128}
PER_CYCLE = {512: 2, 256: 4, 128: 4}
"""Vectors that a core can compute in a cycle: AMD's Zen 4; Intel's do 2, 3 and 3."""

LINKS = 200_000
CHAIN_CYCLES = 6


@dataclass(frozen=True)
class Loop:
    """A compiled loop's body.

    Attributes:
        operations: its vector instructions that compute, and not only move, load or store.
        register_bits: the width of their vectors.
        word_bytes: of the hash's words, of which each lane holds one.
    """

    operations: int
    register_bits: int
    word_bytes: int

    @property
    def lanes(self) -> int:
        """Codes that it computes at a time."""
        return self.register_bits // 8 // self.word_bytes

    @property
    def least_cycles(self) -> float:
        """For one code, if no vector unit ever waited."""
        return self.operations / PER_CYCLE[self.register_bits] / self.lanes


@njit
def chain(x: np.uint64, links: int) -> np.uint64:
    """Marsaglia's xorshift: each of a link's six operations takes a cycle and waits for the one before."""
    for _ in range(links):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
    return x


def run_clock() -> np.uint64:
    """Takes `LINKS * CHAIN_CYCLES` cycles of the processor's clock."""
    return chain(np.uint64(88172645463325252), LINKS)


def hot_loop(algorithm: Algorithm) -> Loop | None:
    """The kernel's loop, compiled anew, since Numba shows nothing of what comes from its cache; None if not on x86."""
    word = np.uint64 if algorithm is Algorithm.SHA512 else np.uint32
    python: Any = KERNELS[algorithm]
    anew = njit(nogil=True)(python.py_func)
    counters = np.zeros(8 // word().itemsize, word)
    anew(np.zeros((16, 1), word), 0, counters, np.uint32(10**6), np.zeros(1, np.uint32))
    bodies = re.split(r"^\S+:.*$", next(iter(anew.inspect_asm().values())), flags=re.MULTILINE)
    found = max(
        (_loop(body, word().itemsize) for body in bodies), key=lambda loop: loop.operations * loop.lanes
    )
    return found if found.operations else None


def _loop(body: str, word_bytes: int) -> Loop:
    computing = re.findall(r"^\s+v?p(?!mov|broadcast|ext|ins)\w+\s.*%([xyz]mm)\d+$", body, re.MULTILINE)
    bits = max((REGISTER_BITS[register] for register in computing), default=128)
    operations = sum(REGISTER_BITS[register] == bits for register in computing)
    return Loop(operations, bits, word_bytes)
