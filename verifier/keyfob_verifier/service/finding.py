"""Finding the steps of a code: one by one over a usual range, all at once over a wide one where that can be done."""

from collections.abc import Sequence
from importlib.util import find_spec

from keyfob import Parameters, Seed
from keyfob_verifier.decide.resync import Find, step_by_step

WIDE_STEPS = 50_000
"""From here on it pays to load the batch kernel, which takes some tenths of a second."""


def finder(seed: Seed, parameters: Parameters) -> Find:
    """What finds codes of an opened seed; with the extra `fleet` and without it finds the same."""
    plainly = step_by_step(lambda step: seed.code(step, parameters))

    def find(code: str, first: int, last: int) -> Sequence[int]:
        if last - first < WIDE_STEPS or find_spec("numba") is None:
            return plainly(code, first, last)
        from keyfob.batch import find_steps  # noqa: PLC0415  heavy, and not always installed

        return find_steps(seed.reveal(), code, first, last, parameters)

    return find
