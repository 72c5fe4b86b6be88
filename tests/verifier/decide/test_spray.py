"""A few failures each at many tokens: told from the failures of every day, with bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.decide.spray import MOST_TENANTS, SprayRule, SprayWatch

RULE = SprayRule(tokens=3, within_s=60.0)


def onsets(watch, failures, tenant_id="t"):
    return [watch.failed(tenant_id, serial, at) for serial, at in failures]


def test_spray_begins_once_with_the_token_that_makes_it_one():
    watch = SprayWatch(RULE)
    assert onsets(watch, [("A", 0), ("B", 1), ("C", 2), ("D", 3)]) == [False, False, True, False]
    assert watch.sprayed(3) == 1


def test_one_token_however_often_is_no_spray():
    watch = SprayWatch(RULE)
    assert not any(onsets(watch, [("A", at) for at in range(1000)]))
    assert watch.sprayed(1000) == 0


def test_failures_further_apart_are_no_spray():
    watch = SprayWatch(RULE)
    assert not any(onsets(watch, [(f"T{number}", 31.0 * number) for number in range(100)]))


def test_spray_ends_with_its_window_and_may_begin_again():
    watch = SprayWatch(RULE)
    onsets(watch, [("A", 0), ("B", 1), ("C", 2)])
    assert (watch.sprayed(60), watch.sprayed(61)) == (1, 0)
    assert onsets(watch, [("A", 200), ("B", 201), ("C", 202)]) == [False, False, True]


def test_tenants_are_counted_apart():
    watch = SprayWatch(RULE)
    assert not any(watch.failed(f"t{number}", "A", 0.0) for number in range(10))
    onsets(watch, [("A", 0), ("B", 0), ("C", 0)], "t1")
    onsets(watch, [("A", 0), ("B", 0), ("C", 0)], "t2")
    assert watch.sprayed(0) == 2


@pytest.mark.parametrize("failures", [10_000])
def test_memory_is_bounded(failures):
    watch = SprayWatch(RULE)
    for number in range(failures):
        watch.failed(f"t{number}", "A", float(number))
        watch.failed("busy", f"T{number}", float(number))
    assert len(watch._failing) <= MOST_TENANTS
    assert max(map(len, watch._failing.values())) <= RULE.tokens
    assert watch._alarmed <= watch._failing.keys()


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.floats(0, 40)), max_size=40))
def test_a_spray_is_so_many_tokens_within_the_window(gaps):
    watch, at, last, failing = SprayWatch(RULE), 0.0, {}, False
    for serial, gap_s in gaps:
        at += gap_s
        was_failing = failing and sum(at - seen <= RULE.within_s for seen in last.values()) >= RULE.tokens
        last[serial] = at
        failing = sum(at - seen <= RULE.within_s for seen in last.values()) >= RULE.tokens
        assert watch.failed("t", serial, at) == (failing and not was_failing)
        assert watch.sprayed(at) == failing
