"""How often a code may be guessed at: a budget of failures that refills slowly, and a back-off after each."""

from dataclasses import dataclass
from typing import NamedTuple

MOST_FAILURES = 100.0
"""NIST SP 800-63B, section 5.2.2: no more failures than that at once."""
_HOUR_S = 3600.0


class ThrottleState(NamedTuple):
    """What is remembered of the failures of one subject: a token, a user, a source.

    Attributes:
        budget: failures that are still allowed, as of `at`.
        at: the Unix time that the budget belongs to.
        streak: failures since the last success.
        retry_at: the Unix time at which the back-off ends.
    """

    budget: float
    at: float
    streak: int
    retry_at: float


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits. Of a guesser, however patient, at most `budget` and `refill_per_hour` guesses are ever compared.

    A clock that ran ahead when it wrote a state locks nobody out: asked at an earlier time, the state is taken for
    one of now, with as much budget and as long a back-off as it had. An hour that is lived through twice
    refills twice for that, and never more than the budget holds.

    Attributes:
        budget: failures allowed at once.
        refill_per_hour: how fast spent budget comes back.
        backoff_s: the wait after a first failure; it doubles with each further one.
        backoff_limit_s: the longest wait.

    Raises:
        ValueError: the budget is not from 1 to `MOST_FAILURES`, or never refills.
    """

    budget: float = 10.0
    refill_per_hour: float = 1.0
    backoff_s: float = 1.0
    backoff_limit_s: float = 300.0

    def __post_init__(self) -> None:
        if not 1.0 <= self.budget <= MOST_FAILURES or not self.refill_per_hour > 0.0:
            raise ValueError(f"a budget is of 1 to {MOST_FAILURES:.0f} failures, and refills")

    @property
    def rest_s(self) -> float:
        """After so long without a failure, nothing of the past matters but the streak."""
        return self.budget / self.refill_per_hour * _HOUR_S + self.backoff_limit_s

    def fresh(self, at: float) -> ThrottleState:
        """A full budget and no back-off."""
        return ThrottleState(self.budget, at, 0, at)

    def rebased(self, state: ThrottleState, at: float) -> ThrottleState:
        """The state itself, or where it is of a later time than `at`, what it is worth now."""
        if at >= state.at:
            return state
        backoff_s = min(max(state.retry_at - state.at, 0.0), self._backoff_s(state.streak - 1))
        return ThrottleState(state.budget, at, state.streak, at + backoff_s)

    def wait_s(self, state: ThrottleState, at: float) -> float:
        """How long to wait before a code is compared: 0 when it may be now."""
        state = self.rebased(state, at)
        lack = 1.0 - self._refilled(state, at)
        refill_s = lack * _HOUR_S / self.refill_per_hour if lack > 0.0 else 0.0
        backoff_s = state.retry_at - at if state.streak else 0.0
        return max(backoff_s, refill_s, 0.0)

    def is_locked(self, state: ThrottleState, at: float) -> bool:
        """Whether the budget is spent, as opposed to a mere back-off."""
        return self._refilled(state, at) < 1.0

    def failed(self, state: ThrottleState, at: float) -> ThrottleState:
        """The state after a code that was compared and not accepted."""
        wait_s = self._backoff_s(state.streak)
        return ThrottleState(self._refilled(state, at) - 1.0, at, state.streak + 1, at + wait_s)

    def succeeded(self, state: ThrottleState, at: float) -> ThrottleState:
        """The state after an accepted code: the back-off ends, the budget stays as it is."""
        return ThrottleState(self._refilled(state, at), at, 0, at)

    def _refilled(self, state: ThrottleState, at: float) -> float:
        gained = max(at - state.at, 0.0) * self.refill_per_hour / _HOUR_S
        return min(state.budget + gained, self.budget)

    def _backoff_s(self, streak: int) -> float:
        return min(self.backoff_s * 2.0 ** min(max(streak, 0), 32), self.backoff_limit_s)


SOURCE_THROTTLE = Throttle(budget=50.0, refill_per_hour=60.0, backoff_s=0.0, backoff_limit_s=0.0)
"""For a source over all the tokens at which it is not known: it is slowed down, and nothing else is."""
