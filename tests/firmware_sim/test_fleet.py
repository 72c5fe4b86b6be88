"""Fleets: what they are drawn from, what their fobs show, and the file that they are kept in."""

import hashlib
import sqlite3
import stat
from dataclasses import replace
from random import Random

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fob_samples import NOON, tells
from keyfob.clock import VirtualClock
from keyfob.fleet_spec import (
    Constant,
    CredentialSpec,
    CrystalSpec,
    FleetSpec,
    InvalidFleetSpecError,
    Normal,
    PinSpec,
    SerialSpec,
    Uniform,
)
from keyfob.parameters import Algorithm, Parameters
from keyfob.quantities import DAY_S
from keyfob.seed import SealingKey
from keyfob.temperature_profiles import PROFILES
from keyfob_firmware.errors import (
    FleetExistsError,
    FleetInaccessibleError,
    FleetMissingError,
    FleetVersionError,
    NoCodeError,
    NotAFleetError,
    NotInFleetError,
)
from keyfob_firmware.fleet import Chance, make_fleet
from keyfob_firmware.fleet_file import FleetFile
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import state_to_json
from keyfob_firmware.machine import State

VARIED = FleetSpec(
    crystal=CrystalSpec(grade_ppm=10.0, tolerance_ppm=Normal(0.0, 8.0, -10.0, 10.0)),
    temperature=(("desk", 1.0), ("car", 1.0)),
    age_days=Uniform(100.0, 900.0),
    pin=PinSpec(share=0.5, digits=5),
    credential=CredentialSpec(Parameters(Algorithm.SHA256, 8, 60), account="user {number}"),
)


def chance(seed=1):
    figures, nonces = Random(seed), Random(seed + 1)
    return Chance(figures, figures.randbytes, nonces.randbytes)


def made(spec, count, key, seed=1):
    return list(make_fleet(spec, count, chance(seed), key, NOON))


@pytest.fixture
def fleet(tmp_path, key):
    fobs = made(VARIED, 20, key)
    with FleetFile.create(tmp_path / "fleet", (fob.state for fob in fobs)) as fleet:
        fleet.made = {fob.record.serial: fob for fob in fobs}
        yield fleet


def shown(fob, record):
    """The code that its button brings, whatever it asks for before."""
    if record.pin is None:
        return fob.press().code
    with pytest.raises(NoCodeError, match="asks for its PIN"):
        fob.press()
    return fob.enter(record.pin).code


@settings(max_examples=20)
@given(st.integers())
def test_population_lies_within_its_specification(key_seed):
    key = SealingKey("test", bytes(32))
    for fob in made(VARIED, 10, key, key_seed):
        oscillator = fob.state.oscillator
        assert abs(oscillator.crystal.tolerance_ppm) <= 10.0
        assert -3.0 <= oscillator.crystal.ageing_ppm <= 3.0
        assert oscillator.temperature in {PROFILES["desk"], PROFILES["car"]}
        assert 100.0 <= (NOON - oscillator.made_at) / DAY_S <= 900.0001
        assert fob.record.crystal_grade_ppm == 10.0
        assert fob.record.made_at == oscillator.made_at
        assert 0.0 < fob.state.battery.used_uah < fob.state.battery.cell.capacity_uah
        assert fob.record.pin is None or (fob.record.pin.isdecimal() and len(fob.record.pin) == 5)


def test_shares_and_weights_are_met(key):
    fobs = made(replace(VARIED, temperature=(("desk", 3.0), ("car", 1.0))), 400, key)
    at_desks = sum(fob.state.oscillator.temperature == PROFILES["desk"] for fob in fobs)
    with_pins = sum(fob.record.pin is not None for fob in fobs)
    assert 260 <= at_desks <= 340  # 4.6 standard deviations about 300
    assert 154 <= with_pins <= 246
    tolerances = {fob.state.oscillator.crystal.tolerance_ppm for fob in fobs}
    assert len(tolerances) == 400
    assert min(tolerances) < -8 < 8 < max(tolerances)


def test_same_chances_make_the_same_fleet_to_the_byte(tmp_path, key):
    content = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        states = [fob.state for fob in made(VARIED, 10, key, seed)]
        FleetFile.create(tmp_path / name, states).close()
        content.append((tmp_path / name).read_bytes())
    assert content[0] == content[1] != content[2]


def test_serials_and_accounts_count_on(key):
    spec = replace(VARIED, serial=SerialSpec("T-", 4, 98))
    fobs = made(spec, 3, key)
    assert [fob.record.serial for fob in fobs] == ["T-0098", "T-0099", "T-0100"]
    assert [fob.record.carried.account for fob in fobs] == ["user 1", "user 2", "user 3"]
    with pytest.raises(InvalidFleetSpecError):
        make_fleet(replace(VARIED, serial=SerialSpec(digits=1)), 10, chance(), key, NOON)


def test_codes_are_those_of_the_seed_file_at_each_fobs_own_clock(fleet, key):
    clock = VirtualClock(NOON)
    for serial, fob in fleet.made.items():
        peer = pyotp.TOTP(fob.record.carried.seed.to_base32(), digits=8, digest=hashlib.sha256, interval=60)
        for days in (0, 30):
            clock = VirtualClock(NOON + days * DAY_S)
            with fleet.in_hand(serial, key, clock) as held:
                assert shown(held, fob.record) == peer.at(int(held.now()))


def test_event_based_fleet_counts(tmp_path, key):
    spec = replace(VARIED, pin=PinSpec(), credential=CredentialSpec(Parameters(), 7))
    fobs = made(spec, 3, key)
    with FleetFile.create(tmp_path / "fleet", [fob.state for fob in fobs]) as fleet:
        for fob in fobs:
            peer = pyotp.HOTP(fob.record.carried.seed.to_base32())
            for counter in (7, 8):
                with fleet.in_hand(fob.record.serial, key, VirtualClock(NOON + counter * 60)) as held:
                    assert held.press().code == peer.at(counter)


def test_wrong_pin_is_counted_although_the_block_raises(fleet, key):
    serial, fob = next((serial, fob) for serial, fob in fleet.made.items() if fob.record.pin)
    with pytest.raises(NoCodeError), fleet.in_hand(serial, key, VirtualClock(NOON)) as held:
        held.press()
    for _ in range(VARIED.pin.attempts):
        assert Fob(fleet.read(serial), key, VirtualClock(NOON)).mode is State.PIN_ENTRY
        with pytest.raises(NoCodeError), fleet.in_hand(serial, key, VirtualClock(NOON)) as held:
            held.enter("00000" if fob.record.pin != "00000" else "11111")
    assert Fob(fleet.read(serial), key, VirtualClock(NOON)).mode is State.PIN_BLOCKED


@pytest.mark.parametrize(("used", "mode"), [(0.0, State.IDLE), (0.96, State.LOW_BATTERY), (1.0, State.DEAD)])
def test_battery_decides_the_state(key, used, mode):
    (fob,) = made(replace(VARIED, battery_used=Constant(used)), 1, key)
    held = Fob(fob.state, key, VirtualClock(NOON + 60.0))
    assert held.mode is mode
    if mode is State.DEAD:
        with pytest.raises(NoCodeError):
            held.press()
        held.replace_battery()
    shown(held, fob.record)


def test_no_seed_and_no_pin_lies_in_the_file(fleet, key):
    content = fleet.path.read_bytes().decode("latin-1")
    for fob in fleet.made.values():
        secret = fob.record.carried.seed.reveal()
        assert not tells(content, secret)
        assert not tells(repr(fob), secret)
        assert fob.record.pin is None or fob.record.pin not in repr(fob)


def test_file_is_its_owners_and_holds_each_fob_as_made(fleet):
    assert stat.S_IMODE(fleet.path.stat().st_mode) == 0o600
    assert len(fleet) == 20
    assert fleet.serials() == sorted(fleet.made)
    assert fleet.serials(3) == sorted(fleet.made)[:3]
    for serial, fob in fleet.made.items():
        assert fleet.read(serial) == fob.state


def test_what_a_fob_did_is_kept_and_nothing_else_changed(fleet, key):
    pressed, *others = fleet.serials()
    before = {serial: state_to_json(fleet.read(serial)) for serial in others}
    with fleet.in_hand(pressed, key, VirtualClock(NOON)) as fob:
        shown(fob, fleet.made[pressed].record)
    assert fleet.read(pressed).presses == 1
    assert {serial: state_to_json(fleet.read(serial)) for serial in others} == before


def test_fob_in_one_hand_is_in_no_other(fleet, key, monkeypatch):
    monkeypatch.setattr("keyfob_firmware.fleet_file.PATIENCE_S", 0.01)
    serial = fleet.serials()[0]
    with (
        fleet.in_hand(serial, key, VirtualClock(NOON)),
        FleetFile.open(fleet.path) as other,
        pytest.raises(FleetInaccessibleError, match="locked"),
        other.in_hand(serial, key, VirtualClock(NOON)),
    ):
        pass
    with FleetFile.open(fleet.path) as other, other.in_hand(serial, key, VirtualClock(NOON)) as fob:
        assert fob.state.serial == serial


def test_serial_that_is_not_there_is_refused(fleet, key):
    with pytest.raises(NotInFleetError):
        fleet.read("KF")
    with pytest.raises(NotInFleetError), fleet.in_hand("KF", key, VirtualClock(NOON)):
        pass


def test_file_that_exists_is_kept(fleet):
    before = fleet.path.read_bytes()
    with pytest.raises(FleetExistsError):
        FleetFile.create(fleet.path, [])
    assert fleet.path.read_bytes() == before


def test_something_else_in_a_fleets_place_is_refused_and_left(tmp_path):
    other = tmp_path / "other"
    with pytest.raises(FleetMissingError):
        FleetFile.open(other)
    for content in (b"not a database, and longer than a header is" * 100, b""):
        other.write_bytes(content)
        with pytest.raises(NotAFleetError):
            FleetFile.open(other)
        assert other.read_bytes() == content
    with pytest.raises(FleetInaccessibleError):
        FleetFile.open(tmp_path)
    with pytest.raises(FleetInaccessibleError):
        FleetFile.create(tmp_path / "nowhere" / "fleet", [])


def test_later_version_is_refused(fleet):
    connection = sqlite3.connect(fleet.path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(FleetVersionError):
        FleetFile.open(fleet.path)
