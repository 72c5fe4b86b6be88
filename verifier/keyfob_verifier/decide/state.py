"""What the verifier remembers of a token between two codes."""

from typing import NamedTuple

NO_STEP = -1
"""The `last_step` of a token that has not had a code accepted."""


class State(NamedTuple):
    """The replay guard and the drift estimate of one token: plain numbers, stored as they are.

    Attributes:
        last_step: the highest time step whose code was used; no code of it or of an older one is ever accepted.
        at: the server's Unix time that the estimate belongs to.
        offset_s: the fob's clock less true time, in seconds.
        rate: the fractional frequency error, in seconds per second (1e-6 is one ppm).
        offset_variance: of the offset, s².
        covariance: of offset and rate, s.
        rate_variance: of the rate, dimensionless.
        proved_offset_s: the offset that enrolment or the last resync proved; the physical envelope starts there.
        proved_at: the server's Unix time of that proof.
    """

    last_step: int
    at: float
    offset_s: float
    rate: float
    offset_variance: float
    covariance: float
    rate_variance: float
    proved_offset_s: float
    proved_at: float
