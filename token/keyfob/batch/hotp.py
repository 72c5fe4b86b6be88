"""One chunk of pairs: RFC 4226, section 5.3, on columns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from keyfob.batch import kernel
from keyfob.batch.chunks import CHUNK
from keyfob.batch.midstates import MidStates, Words
from keyfob.parameters import Algorithm

Codes = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.integer[Any]]

_HOTP: dict[Algorithm, Callable[[Words, int, Any, np.uint32, Codes], None]] = {
    Algorithm.SHA1: kernel.hotp_sha1,
    Algorithm.SHA256: kernel.hotp_sha256,
    Algorithm.SHA512: kernel.hotp_sha512,
}


@contextmanager
def columns(midstates: MidStates, count: int) -> Iterator[tuple[Words, int]]:
    """The mid-states for so many pairs: a column for each, and 1; or of a single seed a chunk of copies, and 0.

    The number is what a pair's place is to be multiplied by to find its column. Copies are wiped at the end.
    """
    words = midstates.reveal()
    if len(midstates) != 1 or count <= 1:
        yield words, 1
        return
    copies = np.repeat(words, min(count, CHUNK), axis=1)
    try:
        yield copies, 0
    finally:
        copies.fill(0)


@np.errstate(over="ignore")  # where Numba's compiler is switched off, NumPy would warn of each sum modulo 2^w
def write_codes(
    algorithm: Algorithm, words: Words, first: int, steps: Integers, *, digits: int, codes: Codes
) -> None:
    """Writes the codes of consecutive pairs.

    Args:
        algorithm: the HMAC hash.
        words: mid-states.
        first: the column of the first pair.
        steps: of each pair, none of them negative.
        digits: 6 to 10.
        codes: of the same length; written to.
    """
    counters: Words = np.require(
        steps, np.uint64, ["C", "ALIGNED", "WRITEABLE"]
    )  # one type of array, or Numba would compile for each
    if words.dtype == np.uint32:
        counters = counters.view(np.uint32)  # a uint64 within the loop would halve the lanes
    _HOTP[algorithm](words, first, counters, np.uint32(min(10**digits, 2**31)), codes)
