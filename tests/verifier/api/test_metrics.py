"""The alarm for a spray: once for each, and over when it is over."""

import pytest
import structlog

from keyfob import VirtualClock
from keyfob_verifier.api.metrics import Metrics
from keyfob_verifier.service.clock_guard import guard_of
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.service.verification import Attempt

SPRAYED = 50


@pytest.fixture
def clock():
    return VirtualClock(1_000_000.0)


@pytest.fixture
def metrics(clock):
    metrics = Metrics()
    metrics.watch_clock(guard_of(clock))
    return metrics


def submit(metrics, clock, outcome, count=SPRAYED, tenant_id="default"):
    """As many attempts, each at another token, with this outcome."""
    attempts = [Attempt(tenant_id, "tester", f"T-{number}", "123456", clock.now()) for number in range(count)]
    metrics.watch(lambda batch: [outcome] * len(batch))(attempts)


def alarms(metrics):
    names = "keyfob_spray_alarm", "keyfob_spray_alarms_total"
    return [metrics.registry.get_sample_value(name) for name in names]


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason.answer != "accepted" and reason is not Reason.MALFORMED]
)
def test_failures_at_many_tokens_raise_the_alarm_once_and_warn_once(metrics, clock, reason):
    with structlog.testing.capture_logs() as logged:
        submit(metrics, clock, Outcome(reason), SPRAYED - 1)
        assert alarms(metrics) == [0.0, 0.0]
        for _ in range(3):
            submit(metrics, clock, Outcome(reason))
    assert alarms(metrics) == [1.0, 1.0]
    assert [(entry["log_level"], entry["tenant"]) for entry in logged] == [("warning", "default")]


def test_alarm_ends_without_another_attempt(metrics, clock):
    submit(metrics, clock, Outcome(Reason.WRONG))
    clock.advance(seconds=601)
    assert alarms(metrics) == [0.0, 1.0]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Reason.ACCEPTED),
        Outcome(Reason.ACCEPTED_AS_PAIR),
        Outcome(Reason.MALFORMED),
        Outcome(Reason.WRONG, repeated=True),
    ],
    ids=["accepted", "accepted-as-pair", "malformed", "repeated"],
)
def test_what_is_no_failure_raises_none(metrics, clock, outcome):
    submit(metrics, clock, outcome, 3 * SPRAYED)
    assert alarms(metrics) == [0.0, 0.0]
