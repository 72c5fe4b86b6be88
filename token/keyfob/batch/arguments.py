"""What callers hand in: let through as it is, or refused with the reason."""

import operator

import numpy as np

from keyfob.batch.hotp import Codes, Integers
from keyfob.batch.midstates import MidStates
from keyfob.errors import CounterRangeError, InvalidParametersError
from keyfob.parameters import Parameters

COUNTERS = 2**64
"""How many counters there are (RFC 4226, section 5.1)."""

_NO_CODE = np.uint32(2**32 - 1)


def require_digits(digits: int) -> None:
    """Lets through 6 to 10."""
    Parameters(digits=digits)


def require_reach(**reach: int) -> None:
    """Lets through what can be a number of steps, by its name."""
    for name, steps in reach.items():
        if not isinstance(steps, int) or not 0 <= steps < COUNTERS:
            raise InvalidParametersError(name, steps, "a whole number of steps from 0 to 2**64 - 1")


def counters(steps: int | Integers) -> Integers:
    """The steps as they came, or one in an array, if all can be counters."""
    if not isinstance(steps, np.ndarray):
        lowest = highest = _whole_number("steps", steps)
    else:
        _require_integers("steps", steps)
        lowest, highest = (
            (int(steps.min()), int(steps.max())) if steps.dtype.kind == "i" and steps.size else (0, 0)
        )
    for step in (lowest, highest):
        if not 0 <= step < COUNTERS:
            raise CounterRangeError(step)
    return steps if isinstance(steps, np.ndarray) else np.array([lowest], np.uint64)


def given_codes(codes: int | Integers) -> Integers:
    """The codes as they came, or one in an array."""
    if isinstance(codes, np.ndarray):
        _require_integers("codes", codes)
        return codes
    number = _whole_number("codes", codes)
    return np.array([number if 0 <= number < _NO_CODE else _NO_CODE], np.uint32)


def comparable(numbers: Integers) -> Codes:
    """Numbers in the type of computed codes; what no code can be stays so."""
    return np.where((numbers >= 0) & (numbers < _NO_CODE), numbers, _NO_CODE).astype(np.uint32)


def _require_integers(name: str, found: Integers) -> None:
    if found.dtype.kind not in "iu" or found.ndim > 1:
        raise InvalidParametersError(name, (found.dtype.name, found.shape), "whole numbers in one dimension")


def _whole_number(name: str, found: int) -> int:
    try:
        number: int = operator.index(found)
    except TypeError:
        raise InvalidParametersError(name, type(found), "a whole number or an array of them") from None
    return number


def count_pairs(midstates: MidStates, **arrays: Integers) -> int:
    """How many pairs there are; each array has one place for each, or one for all."""
    count: int = midstates.reveal().shape[1]
    if count == 1:
        count = next((array.size for array in arrays.values() if array.size != 1), 1)
    for name, array in arrays.items():
        if array.size not in {1, count}:
            raise InvalidParametersError(name, array.shape, f"one for each of {count}, or one for all")
    return count
