"""Temperatures by name, and the curve that a user brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.errors import InvalidTemperatureCurveError, UnknownTemperatureProfileError
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature_profiles import PROFILES, read_temperature_csv, temperature_profile

JANUARY_NIGHT = 1_737_428_400.0  # 2025-01-21 03:00 UTC
JULY_AFTERNOON = 1_753_110_000.0  # 2025-07-21 15:00 UTC


def mean_square_from_25_c(name):
    return PROFILES[name].deviation_c2_s(25.0, 0.0, 100.0 * YEAR_S) / (100.0 * YEAR_S)


def test_profiles_are_found_by_name():
    assert temperature_profile("car") is PROFILES["car"]
    assert list(PROFILES) == ["room", "desk", "pocket", "outdoors", "car", "car-in-winter"]


def test_unknown_profile_is_refused_with_the_names_there_are():
    with pytest.raises(UnknownTemperatureProfileError, match="pocket") as caught:
        temperature_profile("moon")
    assert caught.value.name == "moon"
    assert set(caught.value.known) == set(PROFILES)


@pytest.mark.parametrize(
    ("name", "coldest_c", "warmest_c"),
    [
        ("room", 25.0, 25.0),
        ("desk", 18.0, 25.0),
        ("pocket", 21.0, 31.0),
        ("outdoors", -3.0, 27.0),
        ("car", -12.0, 48.0),
        ("car-in-winter", -8.0, 4.0),
    ],
)
def test_profile_ranges_from_a_winter_night_to_a_summer_afternoon(name, coldest_c, warmest_c):
    profile = temperature_profile(name)
    assert profile.temperature_c(JANUARY_NIGHT) == pytest.approx(coldest_c, abs=0.3)
    assert profile.temperature_c(JULY_AFTERNOON) == pytest.approx(warmest_c, abs=0.3)


def test_a_fob_worn_loses_less_than_one_outdoors_and_one_in_a_car_most():
    order = ["room", "pocket", "desk", "outdoors", "car", "car-in-winter"]
    assert sorted(PROFILES, key=mean_square_from_25_c) == order


@given(st.dictionaries(st.integers(-(10**9), 10**10), st.floats(-40.0, 80.0), min_size=1, max_size=20))
def test_curve_is_read_as_it_was_written(readings):
    points = tuple((float(at), readings[at]) for at in sorted(readings))
    lines = [f"{at!r},{temperature_c!r}" for at, temperature_c in points]
    assert read_temperature_csv("\n".join(lines)).points == points


def test_header_blank_lines_zones_and_line_ends_of_a_spreadsheet_are_read():
    text = "\ufefftime, temperature_c\r\n2026-01-31T09:30:00+01:00, -2.5\r\n\r\n2026-01-31T09:30:00Z,4\r\n1769940000,5\r\n"
    assert read_temperature_csv(text).points == (
        (1_769_848_200.0, -2.5),
        (1_769_851_800.0, 4.0),
        (1_769_940_000.0, 5.0),
    )


def test_curve_goes_straight_between_readings():
    curve = read_temperature_csv(f"0,10\n{DAY_S},20\n")
    assert curve.temperature_c(0.5 * DAY_S) == 15.0


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "without a reading"),
        ("time,temperature_c\n\n", 2, "without a reading"),
        ("0,20\n1;21\n", 2, "no comma"),
        ("0,20\n1,warm\n", 2, "no number"),
        ("0,20\n1,21,22\n", 2, "no number"),
        ("0,20\n\nyesterday,21\n", 3, "neither"),
        ("0,20\n2026-01-31T09:30:00,21\n", 2, "without a zone"),
        ("5,20\n5,21\n", 2, "not later"),
        ("5,20\n4,21\n", 2, "not later"),
        ("0,20\ntime,temperature_c\n", 2, "no number"),
        ("0,-300\n", 1, "not possible"),
        ("0,nan\n", 1, "not possible"),
        ("inf,20\n", 1, "not possible"),
        ("nan,20\n", 1, "not possible"),
    ],
)
def test_line_that_is_no_reading_is_told_by_its_number(text, line, problem):
    with pytest.raises(InvalidTemperatureCurveError, match=problem) as caught:
        read_temperature_csv(text)
    assert caught.value.line == line
