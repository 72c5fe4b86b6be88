from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.fleet_spec import (
    MAX_FOBS,
    Constant,
    FleetSpec,
    InvalidFleetSpecError,
    Normal,
    SerialSpec,
    Uniform,
    read_fleet_spec,
)
from keyfob.parameters import Algorithm, Parameters

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "fleet.toml"

FULL = """
[crystal]
grade_ppm = 10
sigma_ppm = 4
turnover_c = 25
ageing_ppm = { normal = [0, 1] }
wander_ppm_per_sqrt_day = 0.02
[temperature]
car-in-winter = 1
[age]
days = { uniform = [10, 20.5] }
[battery]
used = 0.5
[pin]
share = 0.25
digits = 6
attempts = 3
[credential]
kind = "hotp"
algorithm = "SHA256"
digits = 8
counter = 7
issuer = ""
account = "user {number}, {serial}"
[serial]
prefix = "A-"
digits = 3
first = 20
"""


def test_example_says_what_the_defaults_are():
    assert read_fleet_spec(EXAMPLE.read_text()) == read_fleet_spec("") == FleetSpec()


def test_every_key_is_read():
    spec = read_fleet_spec(FULL)
    assert spec.crystal.tolerance_ppm == Normal(0.0, 4.0, -10.0, 10.0)
    assert (spec.crystal.turnover_c, spec.crystal.wander_ppm_per_sqrt_day) == (Constant(25.0), 0.02)
    assert spec.crystal.ageing_ppm == Normal(0.0, 1.0, -100.0, 100.0)
    assert spec.temperature == (("car-in-winter", 1.0),)
    assert (spec.age_days, spec.battery_used) == (Uniform(10.0, 20.5), Constant(0.5))
    assert (spec.pin.share, spec.pin.digits, spec.pin.attempts) == (0.25, 6, 3)
    assert spec.credential.parameters == Parameters(Algorithm.SHA256, 8)
    assert (spec.credential.counter, spec.credential.issuer) == (7, None)
    serial = spec.serial.serial(1)
    assert serial == "A-021"
    assert spec.credential.account_of(serial, 2) == "user 2, A-021"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("novelty = 1", "novelty"),
        ("crystal = 1", "crystal"),
        ("[crystal]\ngrade = 1", "crystal.grade"),
        ("[crystal]\ngrade_ppm = -1", "crystal.grade_ppm"),
        ("[crystal]\ngrade_ppm = nan", "crystal.grade_ppm"),
        ("[crystal]\ngrade_ppm = true", "crystal.grade_ppm"),
        ("[crystal]\ngrade_ppm = 5\nsigma_ppm = 20", "crystal.sigma_ppm"),
        ("[crystal]\nturnover_c = 'warm'", "crystal.turnover_c"),
        ("[crystal]\nturnover_c = { uniform = [30, 20] }", "crystal.turnover_c.uniform"),
        ("[crystal]\nturnover_c = { uniform = [20] }", "crystal.turnover_c"),
        ("[crystal]\nturnover_c = { uniform = [20, 30], normal = [25, 1] }", "crystal.turnover_c"),
        ("[crystal]\nturnover_c = { normal = [25, -1] }", "crystal.turnover_c.normal"),
        ("[temperature]\nmoon = 1", "temperature.moon"),
        ("[temperature]\ndesk = 0", "temperature"),
        ("[temperature]\ndesk = -1", "temperature.desk"),
        ("[age]\ndays = inf", "age.days"),
        ("[battery]\nused = 'much'", "battery.used"),
        ("[battery]\nused = 1.1", "battery.used"),
        ("[pin]\nshare = 2", "pin.share"),
        ("[pin]\ndigits = 3", "pin.digits"),
        ("[pin]\nattempts = 2.0", "pin.attempts"),
        ("[credential]\nkind = 'ocra'", "credential.kind"),
        ("[credential]\nalgorithm = 'MD5'", "credential.algorithm"),
        ("[credential]\ncounter = 1", "credential.counter"),
        ("[credential]\nkind = 'hotp'\ntime_step_s = 30", "credential.time_step_s"),
        ("[credential]\nkind = 'hotp'\ncounter = 18446744073709551615", "credential.counter"),
        ("[credential]\nissuer = 1", "credential.issuer"),
        ("[credential]\nissuer = 'A:B'", "credential"),
        ("[credential]\naccount = ''", "credential"),
        ("[credential]\naccount = '{name}'", "credential.account"),
        ("[serial]\nprefix = 'K F'", "serial.prefix"),
        ("[serial]\ndigits = 1\nfirst = 10", "serial.first"),
        ("[crystal", ""),
    ],
)
def test_mistake_is_one_error_that_names_its_key(text, key):
    with pytest.raises(InvalidFleetSpecError) as caught:
        read_fleet_spec(text)
    assert caught.value.key == key


def test_serials_must_reach_for_all_fobs():
    spec = replace(FleetSpec(), serial=SerialSpec(digits=2, first=90))
    spec.require_room(10)
    for count in (11, 0, MAX_FOBS + 1):
        with pytest.raises(InvalidFleetSpecError):
            spec.require_room(count)


@given(
    mean=st.floats(-5, 5),
    sigma=st.floats(0, 10),
    ends=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    seed=st.integers(),
)
def test_figures_lie_within_their_distribution(mean, sigma, ends, seed):
    chance = Random(seed)
    lowest, highest = sorted(ends)
    for _ in range(20):
        assert -5 <= Normal(mean, sigma, -5, 5).draw(chance) <= 5
        assert lowest <= Uniform(lowest, highest).draw(chance) <= highest
        assert Constant(mean).draw(chance) == mean
