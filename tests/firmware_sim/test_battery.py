"""The charge account: how long a fob lives, when it warns, and that the page about it has the code's figures."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S, YEAR_S
from keyfob.temperature_profiles import PROFILES
from keyfob_firmware.battery import (
    CR1616,
    PULL_PPM_PER_V,
    PULL_STEP_V,
    REGULATED_V,
    Battery,
    Cell,
    Currents,
    supply_pull_ppm,
)

PAGE = (Path(__file__).parents[2] / "docs" / "battery-and-temperature.md").read_text()
CURRENTS = Currents()

batteries = st.floats(0.0, CR1616.capacity_uah).map(lambda used_uah: Battery(CR1616, used_uah))
currents = st.floats(0.0, 1_000.0)
durations = st.floats(0.0, YEAR_S)
temperatures = st.floats(-40.0, 70.0)


def life_days(presses_a_day):
    """On which day such a fob warns, and on which it dies."""
    lit_s = 25.0 * presses_a_day
    battery, day, warned = Battery(), 0, None
    while not battery.is_flat():
        day += 1
        battery = battery.drained(CURRENTS.lit_ua, lit_s).drained(CURRENTS.oscillator_ua, DAY_S - lit_s)
        battery = battery.spent(presses_a_day * CURRENTS.charge_press_uah)
        if warned is None and battery.is_low():
            warned = day
    return warned, day


def test_typical_fob_lives_about_five_years_and_warns_a_month_before():
    warned, died = life_days(presses_a_day=10)
    assert 4.5 < died * DAY_S / YEAR_S < 5.5
    assert died - warned > 30
    assert f"lives {died * DAY_S / YEAR_S:.1f} years, and warns {(died - warned) / 7.0:.0f} weeks" in PAGE
    assert 14 <= life_days(presses_a_day=0)[1] - died <= 17  # "some two weeks longer"


def test_fob_in_its_box_keeps_most_of_its_charge_for_ten_years():
    assert Battery().drained(CURRENTS.shipping_ua, 10.0 * YEAR_S).charge_left == pytest.approx(
        0.675, abs=1e-3
    )


@given(st.lists(st.floats(0.0, CR1616.capacity_uah), min_size=2), temperatures)
def test_voltage_never_rises_as_charge_is_used(used, temperature_c):
    row = [Battery(CR1616, used_uah).voltage_v(temperature_c) for used_uah in sorted(used)]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(row))


@given(batteries, temperatures, temperatures)
def test_voltage_never_rises_as_it_gets_colder(battery, one_c, other_c):
    assert battery.voltage_v(min(one_c, other_c)) <= battery.voltage_v(max(one_c, other_c))


@given(batteries, currents, durations, durations)
def test_draining_in_two_parts_is_draining_at_once(battery, current_ua, first_s, second_s):
    parts = battery.drained(current_ua, first_s).drained(current_ua, second_s)
    at_once = battery.drained(current_ua, first_s + second_s)
    assert parts.used_uah == pytest.approx(at_once.used_uah, rel=1e-12, abs=1e-9)


def test_account_counts_current_time_and_self_discharge():
    battery = Battery().drained(10.0, YEAR_S / 100.0).spent(2.5)
    assert battery.used_uah == pytest.approx(876.6 + 7.5 + 2.5)


def test_curve_is_met_at_its_points():
    for fraction, voltage_v in CR1616.curve:
        assert Battery(CR1616, (1.0 - fraction) * CR1616.capacity_uah).voltage_v() == pytest.approx(voltage_v)
    assert Battery(CR1616, 0.3 * CR1616.capacity_uah).voltage_v() == pytest.approx(2.975)


def test_fresh_battery_does_not_warn_even_in_deep_cold_and_a_worn_one_does_sooner():
    assert not Battery().is_low(-40.0)
    worn = Battery(CR1616, 0.91 * CR1616.capacity_uah)
    assert (worn.is_low(), worn.is_low(-20.0)) == (False, True)


def test_battery_drawn_beyond_its_charge_is_empty_and_flat():
    empty = Battery().spent(1e9)
    assert empty == Battery().flattened() == Battery().drained(1.0, math.inf)
    assert (empty.charge_left, empty.voltage_v()) == (0.0, 2.0)
    assert empty.is_low()
    assert empty.is_flat()


@given(batteries, st.floats(0.1, 1_000.0), temperatures, st.floats(1.9, 3.2))
def test_voltage_has_fallen_when_it_was_foretold_and_not_before(
    battery, current_ua, temperature_c, voltage_v
):
    seconds = battery.seconds_until_voltage(voltage_v, current_ua, temperature_c)
    if seconds == math.inf:
        assert battery.flattened().voltage_v(temperature_c) > voltage_v
        return
    assert battery.drained(current_ua, seconds).voltage_v(temperature_c) <= voltage_v
    if seconds > 2.0:
        assert battery.drained(current_ua, seconds - 2.0).voltage_v(temperature_c) > voltage_v - 1e-9
    else:
        assert battery.drained(current_ua, seconds).used_uah == pytest.approx(battery.used_uah, abs=1.0)


def test_warning_and_death_are_foretold_at_standby():
    battery = Battery(CR1616, 0.5 * CR1616.capacity_uah)
    warning_s = battery.seconds_until_voltage(CR1616.warning_v, CURRENTS.oscillator_ua)
    death_s = battery.seconds_until_voltage(CR1616.cut_off_v, CURRENTS.oscillator_ua)
    assert 0.0 < warning_s < death_s
    warned = battery.drained(CURRENTS.oscillator_ua, warning_s)
    assert (warned.is_low(), warned.is_flat()) == (True, False)
    assert battery.drained(CURRENTS.oscillator_ua, death_s).is_flat()
    assert not battery.drained(CURRENTS.oscillator_ua, death_s - 2.0).is_flat()


def test_charge_is_foretold():
    battery = Battery()
    half_s = battery.seconds_until_charge(0.5, 1.0)
    assert battery.drained(1.0, half_s).charge_left == pytest.approx(0.5)
    assert battery.drained(1.0, half_s).seconds_until_charge(0.5, 1.0) == 0.0
    immortal = Battery(replace(CR1616, self_discharge_per_year=0.0))
    assert immortal.seconds_until_charge(0.5, 0.0) == math.inf


def test_supply_pulls_nothing_while_it_is_regulated_and_slows_a_worn_fob():
    assert supply_pull_ppm(REGULATED_V) == 0.0
    assert supply_pull_ppm(3.2) == 0.0
    assert supply_pull_ppm(2.0) == pytest.approx(-0.8)


def test_pulls_of_a_cell_follow_its_voltage_down():
    drawn_uah, pulls_ppm = CR1616.pulls
    assert list(drawn_uah) == sorted(drawn_uah)
    assert list(pulls_ppm) == sorted(pulls_ppm, reverse=True)
    for drawn, pull in zip(drawn_uah, pulls_ppm, strict=True):
        voltage_v = Battery(CR1616, min(max(drawn, 0.0) + 1.0, CR1616.capacity_uah)).voltage_v()
        assert pull == pytest.approx(supply_pull_ppm(voltage_v), abs=PULL_STEP_V * PULL_PPM_PER_V)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Battery(CR1616, -1.0), "used_uah"),
        (lambda: Battery(CR1616, math.nan), "used_uah"),
        (lambda: Battery(CR1616, 1e9), "used_uah"),
        (lambda: Battery().spent(-1.0), "charge_uah"),
        (lambda: Battery().spent(math.nan), "charge_uah"),
        (lambda: Battery().drained(-1.0, 1.0), "current_ua, seconds"),
        (lambda: Battery().drained(1.0, -1.0), "current_ua, seconds"),
        (lambda: Battery().drained(1.0, math.nan), "current_ua, seconds"),
        (lambda: replace(CR1616, capacity_uah=0.0), "capacity_uah"),
        (lambda: replace(CR1616, self_discharge_per_year=-0.1), "self_discharge_per_year"),
        (lambda: replace(CR1616, cold_v_per_c=-0.1), "cold_v_per_c"),
        (lambda: replace(CR1616, cut_off_v=math.nan), "cut_off_v"),
        (lambda: replace(CR1616, warning_v=1.9), "warning_v"),
        (lambda: replace(CR1616, curve=((1.0, 3.0),)), "curve"),
        (lambda: replace(CR1616, curve=((1.0, 3.0), (0.1, 2.0))), "curve"),
        (lambda: replace(CR1616, curve=((1.0, 3.0), (0.5, 3.0), (0.0, 2.0))), "curve"),
        (lambda: replace(CR1616, curve=((1.0, 3.0), (0.0, math.nan))), "curve"),
        (lambda: Currents(lit_ua=-1.0), "lit_ua"),
        (lambda: Currents(charge_boot_uah=math.nan), "charge_boot_uah"),
    ],
)
def test_impossible_figures_are_refused_by_name(make, field):
    with pytest.raises(InvalidParametersError) as caught:
        make()
    assert caught.value.field == field


def test_other_cells_can_be_described():
    thick = Cell(220_000.0, 0.01, ((1.0, 3.2), (0.0, 2.0)), 0.004, warning_v=2.5, cut_off_v=2.2)
    assert Battery(thick).seconds_until_voltage(2.2, 1.0) > 15.0 * YEAR_S


def cell_rows():
    yield f"| capacity | {CR1616.capacity_uah / 1e3:.0f} mAh |"
    yield f"| self-discharge | {CR1616.self_discharge_per_year * 100.0:.1f} % a year |"
    yield f"| voltage when fresh | {Battery().voltage_v():.2f} V |"
    yield f"| voltage when half empty | {CR1616.voltage_v(0.5, 25.0):.2f} V |"
    yield f"| loss in the cold | {CR1616.cold_v_per_c * 1e3:.0f} mV for each °C below 20 °C |"
    yield f"| low-battery warning | at {CR1616.warning_v:.2f} V |"
    yield f"| end | at {CR1616.cut_off_v:.2f} V |"
    for fraction, voltage_v in CR1616.curve:
        yield f"| {fraction * 100.0:.0f} % | {voltage_v:.2f} V |"


def current_rows():
    yield f"| dark, the clock running | {CURRENTS.oscillator_ua:.1f} µA |"
    yield f"| lit | {CURRENTS.lit_ua:.1f} µA |"
    yield f"| shipping, everything stopped | {CURRENTS.shipping_ua:.1f} µA |"
    yield f"| a press | {CURRENTS.charge_press_uah:.3f} µAh |"
    yield f"| starting up | {CURRENTS.charge_boot_uah:.3f} µAh |"
    yield f"runs {PULL_PPM_PER_V:.1f} ppm faster for each volt more"
    yield f"feeds it {REGULATED_V:.1f} V"


@pytest.mark.parametrize("row", [*cell_rows(), *current_rows()])
def test_page_has_the_figures_of_the_code(row):
    assert row in PAGE


@pytest.mark.parametrize("name", PROFILES)
def test_page_has_the_temperatures_of_the_code(name):
    profile = PROFILES[name]
    amplitudes = {cycle.period_s: cycle.amplitude_c for cycle in profile.cycles}
    season_c, day_c = amplitudes.get(YEAR_S, 0.0), amplitudes.get(DAY_S, 0.0)
    lost_ppm = 0.034 * profile.deviation_c2_s(25.0, 0.0, 400.0 * YEAR_S) / (400.0 * YEAR_S)
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    assert f"| {profile.mean_c:.1f} °C | ± {season_c:.1f} °C | ± {day_c:.1f} °C |" in row
    assert row.endswith(f"| {lost_ppm:.2f} ppm |")
