"""The random part of a crystal's rate: a walk over days, the same for the same seed however it is asked."""

import math
import random
from array import array
from collections.abc import Iterator
from itertools import islice

from keyfob import drift
from keyfob.quantities import DAY_S

_FEWEST_DAYS = 64


def standard_deviates(seed: int) -> Iterator[float]:
    """Normal deviates of mean 0 and variance 1, without end (Box and Muller's cosine).

    Of Python's generator only `random()` is promised to stay the same from one version to the next.
    """
    uniform = random.Random(seed).random  # noqa: S311  a simulated crystal needs repeatable noise, not a secret
    while True:
        radius = math.sqrt(-2.0 * math.log(1.0 - uniform()))
        yield radius * math.cos(math.tau * uniform())


def tabulate_wander(seed: int, ppm_per_sqrt_day: float, days: int) -> drift.Wander:
    """The walk from manufacture over so many days; of two tables of one seed the longer begins with the shorter."""
    rate_ppm, integral_ppm_s = 0.0, 0.0
    rates_ppm, integrals_ppm_s = array("d", [rate_ppm]), array("d", [integral_ppm_s])
    for deviate in islice(standard_deviates(seed), days):
        rate_ppm, integral_ppm_s = drift.next_wander(rate_ppm, integral_ppm_s, deviate, ppm_per_sqrt_day)
        rates_ppm.append(rate_ppm)
        integrals_ppm_s.append(integral_ppm_s)
    return drift.Wander(rates_ppm, integrals_ppm_s)


class WanderTable:
    """A walk's table, grown as far as it is asked for.

    A longer one is drawn anew and put in the shorter one's place at once: threads that ask together may each draw
    it, and all get the same.

    Args:
        seed: of the deviates.
        ppm_per_sqrt_day: the walk's standard deviation after a day.
    """

    def __init__(self, seed: int, ppm_per_sqrt_day: float) -> None:
        self._seed, self._ppm_per_sqrt_day = seed, ppm_per_sqrt_day
        self._table = drift.Wander(array("d"), array("d"))

    def reaching(self, elapsed_s: float) -> drift.Wander:
        """A table that reaches past `elapsed_s` after manufacture; at least twice as long as one that did not."""
        table = self._table
        last_day = int(elapsed_s / DAY_S) + 1
        if last_day >= len(table.rates_ppm):
            days = max(_FEWEST_DAYS, 1 << last_day.bit_length())
            table = self._table = tabulate_wander(self._seed, self._ppm_per_sqrt_day, days)
        return table
