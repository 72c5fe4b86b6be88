import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_firmware.button import (
    BOUNCE_S,
    BOUNCES,
    DEBOUNCE_S,
    LONG_PRESS_S,
    LONG_S,
    SHORT_PRESS_S,
    ButtonCondition,
    Edge,
    contact,
    felt,
    presses,
)

WORKING = [ButtonCondition.GOOD, ButtonCondition.BOUNCING]


@pytest.mark.parametrize("condition", WORKING)
@given(st.floats(0.05, 10.0))
def test_press_is_felt_once_and_for_as_long_as_it_was_held(condition, held_s):
    (press,) = presses(contact(condition, held_s))
    assert press.held_s == pytest.approx(held_s, abs=BOUNCES * BOUNCE_S)
    assert press.is_long == (held_s >= LONG_S) or abs(held_s - LONG_S) < 1e-6


def test_bouncing_contact_changes_more_often_than_it_is_pressed():
    assert len(contact(ButtonCondition.BOUNCING, SHORT_PRESS_S)) > 2 * BOUNCES


@pytest.mark.parametrize("condition", WORKING)
def test_people_hold_it_short_or_long_as_they_mean(condition):
    assert [press.is_long for press in felt(condition, SHORT_PRESS_S)] == [False]
    assert [press.is_long for press in felt(condition, LONG_PRESS_S)] == [True]


@pytest.mark.parametrize(("held_s", "is_long"), [(LONG_S - 0.001, False), (LONG_S, True)])
def test_press_is_long_from_a_second_and_a_half_on(held_s, is_long):
    (press,) = felt(ButtonCondition.GOOD, held_s)
    assert press.is_long is is_long


def test_stuck_button_is_never_felt():
    assert felt(ButtonCondition.STUCK, SHORT_PRESS_S) == ()
    assert felt(ButtonCondition.STUCK, LONG_PRESS_S) == ()


@pytest.mark.parametrize("condition", WORKING)
@given(st.floats(0.0, DEBOUNCE_S * 0.99))
def test_touch_shorter_than_the_debounce_time_is_none(condition, held_s):
    assert presses(contact(condition, held_s)) == []


@given(st.lists(st.floats(0.0, DEBOUNCE_S * 0.99), max_size=20))
def test_noise_is_no_press(gaps):
    """A contact that closes again and again, never for as long as the debounce time, and then stays open."""
    edges, at = [], 0.0
    for number, gap_s in enumerate(gaps):
        edges.append(Edge(at, number % 2 == 0))
        at += gap_s
    assert presses([*edges, Edge(at, False)]) == []


@given(st.lists(st.floats(0.0, DEBOUNCE_S * 0.99), min_size=2, max_size=9))
def test_noise_within_a_press_does_not_end_it(gaps):
    edges, at = [Edge(0.0, True)], 0.5
    for gap_s in gaps:
        edges += [Edge(at, False), Edge(at + gap_s / 2, True)]
        at += gap_s
    (press,) = presses([*edges, Edge(at + 1.0, False)])
    assert press == (0.0, at + 1.0)


def test_two_presses_are_two():
    edges = [Edge(0.0, True), Edge(0.1, False), Edge(0.4, True), Edge(0.6, False)]
    assert [press.closed_at for press in presses(edges)] == [0.0, 0.4]


def test_press_that_has_not_ended_is_none_yet():
    assert presses([Edge(0.0, True)]) == []
