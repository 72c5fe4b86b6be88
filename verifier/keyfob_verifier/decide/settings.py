"""What the credible window is told: of the token, of the people, of the crystal, and how sure it is to be."""

from typing import NamedTuple

from keyfob_verifier.decide.estimator import Delays


class CredibleSettings(NamedTuple):
    """How fobs err, how people type, and how much of the chance a window holds.

    The defaults were chosen with benchmarks/drift_quality.py. Settings without a default belong together.

    Attributes:
        time_step_s: X in seconds.
        t0_s: T0, Unix seconds.
        delay_median_s: the median time from reading a code to its arrival; 8 s until a tenant's own logins tell.
        delays: those times as a mixture: `typing_delays` of the same median and a spread of 0.6 in the logarithm.
        alpha: the chance of a first code that is left outside. At 1e-3 a fob used weekly has three steps or four,
            one used monthly four or five, and one honest login in two thousand is refused; a tenth of it makes
            that one in twelve thousand, for one step more.
        max_steps: the window's widest. Nine hold a new fob of the common grade through its first month.
        grade_ppm: the crystal's tolerance either way; ±20 is the common grade.
        ageing_ppm: what ageing adds to the tolerance over the years: 3 in the first, slower after.
        temperature_ppm: how much the parabola can slow a clock for good: 20 is a fob kept at 1 °C.
        rate_walk_ppm: how far the rate walks in a day (one standard deviation, growing with the square root of
            time). It stands for the seasons, whose ±8 °C make 0.25 the likeliest value over gaps of 3 to 30 days.
        offset_walk_s: how far the offset walks in a day besides. It stands for the weather: a rate that differs
            by some ppm from day to day; with 0.5 the estimate's errors are as large as it says they are.
        enrolment_spread_s: how far the enrolled offset may be off (one standard deviation): 120 s let a fob be found
            that lay in its box for a year at 20 ppm.
        envelope_grades: the offset stays within so many times the grade, times the age, of what was last proved.
        envelope_floor_steps: the envelope's half-width on the first day: a proof is good to one step, and to a
            second one where a slow person gave it.
        incredible: an accepted step less likely than this widens the belief before it teaches anything; rarer than
            whatever a window leaves outside, so that no honest login does.
        jump_chance: a proved step less likely than this tells of a clock that was stepped, not of its rate. At
            one in a hundred a fob that lay for a year, and is credible in dozens of steps, still mends its rate.
        supply_step_s: how far a supply drop, a battery swap or a stopped oscillator sets a clock off (one standard
            deviation): a minute, as long as a swap takes. Only a search allows for it.
        search_alpha: the chance that a search leaves the fob's step outside.
        resync_steps: how far from the likeliest step a search goes at most, either way.
    """

    time_step_s: float
    t0_s: float
    delay_median_s: float
    delays: Delays
    alpha: float = 1e-3
    max_steps: int = 9
    grade_ppm: float = 20.0
    ageing_ppm: float = 5.0
    temperature_ppm: float = 20.0
    rate_walk_ppm: float = 0.25
    offset_walk_s: float = 0.5
    enrolment_spread_s: float = 120.0
    envelope_grades: float = 3.0
    envelope_floor_steps: float = 2.0
    incredible: float = 1e-6
    jump_chance: float = 0.01
    supply_step_s: float = 60.0
    search_alpha: float = 1e-6
    resync_steps: int = 200
