"""What the verifier counts of its work: each process its own."""

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from keyfob_verifier.decide.spray import SprayWatch
from keyfob_verifier.service.clock_guard import ClockGuard
from keyfob_verifier.service.outcome import Answer, Outcome, Reason
from keyfob_verifier.service.verification import Attempt

log = structlog.get_logger()

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
        self._spray_alarm = Gauge(
            "keyfob_spray_alarm",
            "Tenants at many of whose tokens codes fail at present, as this process sees it",
            registry=self.registry,
        )
        self._spray_alarms = Counter(
            "keyfob_spray_alarms_total",
            "How often such a spray began, as this process saw it",
            registry=self.registry,
        )
        self._sprays, self._spray_lock = SprayWatch(), threading.Lock()
        self._learning_paused = Gauge(
            "keyfob_learning_paused",
            "1 while the host's clock is not believed and nothing is learned of the fobs' clocks",
            registry=self.registry,
        )

    def watch_clock(self, guard: ClockGuard) -> None:
        """Shows from now on what this guard says, and what is going on by its time."""
        self._spray_alarm.set_function(lambda: float(self._sprayed(guard.steady_now())))
        self._learning_paused.set_function(lambda: 0.0 if guard.may_learn else 1.0)

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
            self._watch_for_sprays(attempts, outcomes)
            return outcomes

        return watched

    def _sprayed(self, at: float) -> int:
        with self._spray_lock:
            return self._sprays.sprayed(at)

    def _watch_for_sprays(self, attempts: Sequence[Attempt], outcomes: Sequence[Outcome]) -> None:
        for attempt, outcome in zip(attempts, outcomes, strict=True):
            if outcome.answer is Answer.ACCEPTED or outcome.reason is Reason.MALFORMED or outcome.repeated:
                continue
            with self._spray_lock:
                begins = self._sprays.failed(attempt.tenant_id, attempt.serial, attempt.waits_from)
            if begins:
                self._spray_alarms.inc()
                log.warning("codes fail at many tokens at once", tenant=attempt.tenant_id)
