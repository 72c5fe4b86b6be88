"""How often somebody may do something: a bucket of tokens for each, in one number, in bounded memory. Pure."""

from dataclasses import dataclass, field

MAX_SUBJECTS = 20_000
DEFAULT_REQUESTS_PER_S = 300.0
"""What one address may ask of a verifier."""

_ROUNDING_S = 1e-6
"""Sums of floats may miss by less; nobody waits for that."""


@dataclass(slots=True)
class Buckets:
    """Buckets that fill at a steady rate; each subject has one, full at first.

    Of each bucket only the time is kept at which it will be full again. One that is full is as good as one that was
    never heard of, so it can be forgotten; when too many are not, those that are nearest to it are.

    Attributes:
        rate_per_s: how fast a bucket fills.
        burst: what it holds.
        max_subjects: how many are remembered at most.
    """

    rate_per_s: float
    burst: float
    max_subjects: int = MAX_SUBJECTS
    _full_at: dict[str, float] = field(default_factory=dict)

    def take(self, subject: str, at: float) -> float:
        """Takes one token from a subject's bucket, where there is one.

        Args:
            subject: who asks.
            at: seconds on a clock that never goes back.

        Returns:
            0.0, or the seconds until there is a token to take; nothing is taken then.
        """
        full_at = max(self._full_at.get(subject, at), at) + 1.0 / self.rate_per_s
        wait_s = full_at - at - self.burst / self.rate_per_s
        if wait_s > _ROUNDING_S:
            return wait_s
        self._full_at[subject] = full_at
        if len(self._full_at) > self.max_subjects:
            self._forget(at)
        return 0.0

    def wait_s(self, subject: str, at: float) -> float:
        """The seconds until there is a token to take; 0.0 where there is one now. Takes none."""
        full_at = max(self._full_at.get(subject, at), at)
        wait_s = full_at - at - (self.burst - 1.0) / self.rate_per_s
        return wait_s if wait_s > _ROUNDING_S else 0.0

    def __len__(self) -> int:
        """How many subjects are remembered."""
        return len(self._full_at)

    def _forget(self, at: float) -> None:
        emptiest = sorted(self._full_at.items(), key=lambda known: known[1], reverse=True)
        kept = emptiest[: self.max_subjects // 2]
        self._full_at = {subject: full_at for subject, full_at in kept if full_at > at}
