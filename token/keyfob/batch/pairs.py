"""Many (seed, time step) pairs at once: their codes, and which of many codes fit."""

import numpy as np
import numpy.typing as npt

from keyfob.batch.arguments import (
    COUNTERS,
    comparable,
    count_pairs,
    counters,
    given_codes,
    require_digits,
    require_reach,
)
from keyfob.batch.chunks import CHUNK, Advance, in_chunks, nobody
from keyfob.batch.hotp import Codes, Integers, columns, write_codes
from keyfob.batch.midstates import MidStates


def codes(
    midstates: MidStates,
    steps: int | Integers,
    digits: int = 6,
    *,
    parallel: bool = False,
    advance: Advance = nobody,
) -> Codes:
    """The codes of (seed, time step) pairs, as numbers: 755224 for "755224", 7 for "000007".

    Args:
        midstates: of N seeds.
        steps: the time step of each seed, an array of shape (N,) and any integer dtype, contiguous or not; or one
            number for all of them. Of a single seed there may be many steps.
        digits: 6 to 10.
        parallel: on all cores. The result is the same to the bit.
        advance: told now and then how many more pairs are done.

    Returns:
        Shape (N,), `uint32`: a code holds 31 bits (RFC 4226, section 5.3), one of ten digits too.

    Raises:
        CounterRangeError: a step is negative or beyond 2**64 - 1.
        InvalidParametersError: digits out of range; steps of another dtype or shape.
        InvalidSeedError: the mid-states were wiped.
    """
    require_digits(digits)
    at = counters(steps)
    count = count_pairs(midstates, steps=at)
    at = np.broadcast_to(at, count)
    shown = np.empty(count, np.uint32)
    with columns(midstates, count) as (words, stride):

        def work(first: int, last: int) -> None:
            pairs = slice(first, last)
            write_codes(
                midstates.algorithm, words, first * stride, at[pairs], digits=digits, codes=shown[pairs]
            )

        for _ in in_chunks(work, count, CHUNK, parallel=parallel, advance=advance):
            pass
    return shown


def window_matches(
    midstates: MidStates,
    steps: int | Integers,
    codes: int | Integers,
    behind: int,
    ahead: int,
    *,
    digits: int = 6,
    parallel: bool = False,
    advance: Advance = nobody,
) -> npt.NDArray[np.bool_]:
    """Which steps of a window round each pair's step the code given with it fits.

    Every step is computed and compared, whatever was found before it.

    Args:
        midstates: of N seeds.
        steps: the middle of each window; shape and dtype as for `codes`.
        codes: the code for each, as a number; an integer, or an array of shape (N,) and any integer dtype. One that
            is negative or has too many digits fits nowhere.
        behind: steps before the middle, 0 or more.
        ahead: steps after it, 0 or more.
        digits: 6 to 10.
        parallel: on all cores. The result is the same to the bit.
        advance: told now and then how many more windows are done.

    Returns:
        Shape (N, behind + 1 + ahead), `bool`: at [i, j] whether it fits step `steps[i] - behind + j`. Never where
        that is negative or beyond 2**64 - 1.

    Raises:
        CounterRangeError: a step is negative or beyond 2**64 - 1.
        InvalidParametersError: digits, behind or ahead out of range; steps or codes of another dtype or shape.
        InvalidSeedError: the mid-states were wiped.
    """
    require_digits(digits)
    require_reach(behind=behind, ahead=ahead)
    at, given = counters(steps), given_codes(codes)
    count = count_pairs(midstates, steps=at, codes=given)
    at, given = np.broadcast_to(at, count), np.broadcast_to(given, count)
    fits = np.empty((count, behind + 1 + ahead), np.bool_)
    with columns(midstates, count) as (words, stride):

        def work(first: int, last: int) -> None:
            middle, wanted = at[first:last].astype(np.uint64), comparable(given[first:last])
            shown = np.empty(last - first, np.uint32)
            for column, offset in enumerate(range(-behind, ahead + 1)):
                moved = middle + np.uint64(offset % COUNTERS)
                write_codes(midstates.algorithm, words, first * stride, moved, digits=digits, codes=shown)
                exists = moved < middle if offset < 0 else moved >= middle
                fits[first:last, column] = (shown == wanted) & exists

        for _ in in_chunks(work, count, CHUNK, parallel=parallel, advance=advance):
            pass
    return fits
