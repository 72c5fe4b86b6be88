"""How often a token may be guessed at: a budget of failures that refills slowly, and a back-off after each."""

from typing import NamedTuple


class ThrottleState(NamedTuple):
    """What is remembered of a token's failures.

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


class Throttle(NamedTuple):
    """The limits. At most `budget + at · refill_per_hour` guesses are ever compared, however patient the guesser.

    Attributes:
        budget: failures allowed at once; NIST SP 800-63B, section 5.2.2, caps them at 100.
        refill_per_hour: how fast spent budget comes back.
        backoff_s: the wait after a first failure; it doubles with each further one.
        backoff_limit_s: the longest wait.
    """

    budget: float = 10.0
    refill_per_hour: float = 1.0
    backoff_s: float = 1.0
    backoff_limit_s: float = 300.0

    def enrol(self, at: float) -> ThrottleState:
        """A full budget and no back-off."""
        return ThrottleState(self.budget, at, 0, at)

    def wait_s(self, state: ThrottleState, at: float) -> float:
        """How long a token must be left alone before a code for it is compared: 0 when it may be now."""
        lack = 1.0 - self._refilled(state, at)
        clock_put_back_s = max(state.at - at, 0.0)
        refill_s = clock_put_back_s + lack * 3600.0 / self.refill_per_hour if lack > 0.0 else 0.0
        backoff_s = state.retry_at - at if state.streak else 0.0
        return max(backoff_s, refill_s, 0.0)

    def is_locked(self, state: ThrottleState, at: float) -> bool:
        """Whether the budget is spent, as opposed to a mere back-off."""
        return self._refilled(state, at) < 1.0

    def failed(self, state: ThrottleState, at: float) -> ThrottleState:
        """The state after a code that was compared and not accepted."""
        wait_s = min(self.backoff_s * 2.0 ** min(state.streak, 32), self.backoff_limit_s)
        return ThrottleState(
            self._refilled(state, at) - 1.0, max(at, state.at), state.streak + 1, at + wait_s
        )

    def succeeded(self, state: ThrottleState, at: float) -> ThrottleState:
        """The state after an accepted code: the back-off ends, the budget stays as it is."""
        return ThrottleState(self._refilled(state, at), max(at, state.at), 0, at)

    def _refilled(self, state: ThrottleState, at: float) -> float:
        gained = max(at - state.at, 0.0) * self.refill_per_hour / 3600.0
        return min(state.budget + gained, self.budget)
