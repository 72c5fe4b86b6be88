"""People with fobs log in, in a real browser."""

import pytest

PASSWORD = "correct horse"


def register(page, name="alice"):
    page.goto("/register")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.wait_for_url("**/second-factor")


def type_code(page, code):
    page.get_by_label("Code").fill(code)
    page.get_by_role("button").click()


def log_in(page, code, name="alice"):
    page.context.clear_cookies()
    page.goto("/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.wait_for_url("**/second-factor")
    type_code(page, code)


def is_in(page):
    return page.get_by_role("heading").inner_text() == "Hello, alice"


def is_refused(page):
    return page.get_by_role("alert").is_visible()


@pytest.fixture
def world(virtual_time):
    """A time that the application and the fobs share, and that the test moves."""
    with virtual_time.patch():
        yield virtual_time


@pytest.fixture
def enrolled_fob(page, fob, world):
    """Alice's fob, with which she has enrolled."""
    register(page)
    fob.scan(page.get_by_role("img"))
    type_code(page, fob.fresh().code)
    assert is_in(page)
    return fob


def test_enrolment_by_the_qr_code_on_the_page(page, fob):
    """On the machine's own time: nothing is moved, and the fob needs no setting."""
    register(page)
    fob.scan(page.locator("img").screenshot())
    type_code(page, fob.fresh().code)
    assert is_in(page)


def test_fresh_code_logs_in_again(page, enrolled_fob):
    """`press()` would show the code that enrolment used up, in most runs; `fresh()` never does."""
    log_in(page, enrolled_fob.fresh().code)
    assert is_in(page)


def test_password_alone_shows_nothing(page, enrolled_fob):
    page.context.clear_cookies()
    page.goto("/")
    assert not is_in(page)


def test_wrong_code_is_refused(page, enrolled_fob):
    code = enrolled_fob.fresh().code
    log_in(page, f"{(int(code) + 1) % 1_000_000:06}")
    assert is_refused(page)


def test_code_typed_twice_is_refused_the_second_time(page, enrolled_fob):
    first, again = enrolled_fob.typed_twice()
    log_in(page, first.code)
    assert is_in(page)
    log_in(page, again.code)
    assert is_refused(page)


def test_code_typed_at_the_last_second_logs_in(page, enrolled_fob):
    log_in(page, enrolled_fob.typed_at_the_last_second().code)
    assert is_in(page)


@pytest.mark.parametrize(("late_s", "welcome"), [(5, True), (31, False)])
def test_code_typed_late_logs_in_for_one_more_step(page, enrolled_fob, late_s, welcome):
    log_in(page, enrolled_fob.typed_late(late_s).code)
    assert is_in(page) if welcome else is_refused(page)


@pytest.mark.parametrize("steps", [3, -3])
def test_fob_three_steps_off_is_refused(page, enrolled_fob, steps):
    enrolled_fob.put_clock_off(steps)
    log_in(page, enrolled_fob.fresh().code)
    assert is_refused(page)


def test_phone_whose_clock_was_just_corrected_waits_until_time_has_caught_up(page, enrolled_fob, world):
    enrolled_fob.put_clock_off(steps=1)
    log_in(page, enrolled_fob.fresh().code)
    assert is_in(page)
    enrolled_fob.correct_clock()
    log_in(page, enrolled_fob.press().code)
    assert is_refused(page)
    log_in(page, enrolled_fob.fresh().code)
    assert is_in(page)


@pytest.mark.fob(drift_ppm=35, age_days=700)
def test_fob_of_two_years_is_refused(page, fob, world):
    """A window of fixed width shuts out a common crystal after some weeks: this login follows no drift."""
    register(page)
    fob.scan(page.locator("img").screenshot())
    type_code(page, fob.fresh().code)
    assert is_refused(page)
