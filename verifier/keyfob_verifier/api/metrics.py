"""What the verifier counts of its work."""

import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram

from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.verification import Attempt

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The figures of one verifier process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._attempts = Counter(
            "keyfob_attempts_total",
            "Codes submitted, by what became of them",
            ["reason"],
            registry=self.registry,
        )
        self._batch_seconds = Histogram(
            "keyfob_batch_seconds",
            "Time of one transaction of verifications",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batch_attempts = Histogram(
            "keyfob_batch_attempts",
            "Verifications that shared a transaction",
            buckets=_SIZES,
            registry=self.registry,
        )

    def watch(
        self,
        commit: Callable[[Sequence[Attempt]], Sequence[Outcome]],
    ) -> Callable[[Sequence[Attempt]], Sequence[Outcome]]:
        """The same commit, counted."""

        def watched(attempts: Sequence[Attempt]) -> Sequence[Outcome]:
            started = time.perf_counter()
            outcomes = commit(attempts)
            self._batch_seconds.observe(time.perf_counter() - started)
            self._batch_attempts.observe(len(attempts))
            for outcome in outcomes:
                self._attempts.labels(outcome.reason.value).inc()
            return outcomes

        return watched
