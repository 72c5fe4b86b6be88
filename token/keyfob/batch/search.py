"""Finding the time steps at which a seed shows a code: resync over a wide range, and forensics."""

import numpy as np

from keyfob.batch.arguments import COUNTERS
from keyfob.batch.chunks import CHUNK, Advance, in_chunks, nobody
from keyfob.batch.hotp import columns, write_codes
from keyfob.batch.keys import prepare
from keyfob.codes import DEFAULT_PARAMETERS, parse_code
from keyfob.errors import CounterRangeError
from keyfob.parameters import Parameters


def find_steps(
    seed: bytes | bytearray,
    code: str,
    first: int,
    last: int,
    parameters: Parameters = DEFAULT_PARAMETERS,
    *,
    parallel: bool = False,
    advance: Advance = nobody,
) -> list[int]:
    """Every time step in a range at which a seed shows a code: what `hotp` would find, step by step.

    Every step is computed and compared, whatever was found before it.

    Args:
        seed: one byte or more.
        code: as people type it; see `keyfob.parse_code`.
        first: the range's first step, 0 to 2**64 - 1.
        last: its last one; of a range whose last lies before its first nothing is found.
        parameters: the algorithm and the digits.
        parallel: on all cores.
        advance: told now and then how many more steps are done.

    Returns:
        The steps, ascending.

    Raises:
        CounterRangeError: first or last is outside that.
        InvalidParametersError: the seed is not bytes.
        InvalidSeedError: it is empty.
        MalformedCodeError: the code cannot be one of these parameters.
    """
    wanted = int(parse_code(code, parameters))
    for step in (first, last):
        if not 0 <= step < COUNTERS:
            raise CounterRangeError(step)
    count = max(last - first + 1, 0)
    midstates = prepare([seed], parameters.algorithm)

    def work(begin: int, end: int) -> list[int]:
        steps = np.arange(end - begin, dtype=np.uint64) + np.uint64(first + begin)
        shown = np.empty(end - begin, np.uint32)
        write_codes(parameters.algorithm, words, 0, steps, digits=parameters.digits, codes=shown)
        return [first + begin + int(place) for place in np.flatnonzero(shown == wanted)]

    try:
        with columns(midstates, count) as (words, _):
            found = in_chunks(work, count, CHUNK, parallel=parallel, advance=advance)
            return [step for steps in found for step in steps]
    finally:
        midstates.wipe()
