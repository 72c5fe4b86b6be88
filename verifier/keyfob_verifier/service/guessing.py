"""The rules against guessing that an installation is opened with."""

from dataclasses import dataclass, field

from keyfob_verifier.decide.throttle import SOURCE_THROTTLE, Throttle


@dataclass(frozen=True, slots=True)
class GuessingRules:
    """How often may be guessed, and what is done with a code beyond the window.

    Attributes:
        throttle: the limits on guessing at a token and at a user.
        source_throttle: those on a source, over all tokens at which it is not known.
        next_code: whether a code outside the window is remembered for a moment, and tried as a pair with the next.
    """

    throttle: Throttle = field(default_factory=Throttle)
    source_throttle: Throttle = SOURCE_THROTTLE
    next_code: bool = True
