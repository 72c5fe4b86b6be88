import dataclasses
import hashlib
import math

import pyotp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fob_samples import NOON, SECRET, URI, fobs, parameter_sets, picture_of, steady, tells
from keyfob.clock import VirtualClock
from keyfob.errors import (
    CounterRangeError,
    InvalidUriError,
    UnreadableQrError,
)
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import SealedSeed, SealingKey, Seed
from keyfob_firmware.errors import (
    AlreadyProvisionedError,
    ForeignFobKeyError,
    InvalidSerialError,
    NoCodeError,
    UnprovisionedError,
)
from keyfob_firmware.faults import BitFlip
from keyfob_firmware.fob import Fob
from keyfob_firmware.memory import Memory
from keyfob_firmware.state import LIT_S, FobState
from keyfob_firmware.storage import AREAS, Storage

DIGESTS = {Algorithm.SHA1: hashlib.sha1, Algorithm.SHA256: hashlib.sha256, Algorithm.SHA512: hashlib.sha512}


def rewritten(state, credential):
    """The same fob with another credential written to its memory, checksum and all."""
    memory = Memory(state.memory)
    storage = Storage(memory)
    storage.seed.erase()
    storage.seed.write(credential.to_bytes())
    return dataclasses.replace(state, memory=memory.image())


def with_parameters(key, clock, parameters, oscillator):
    fob = Fob(FobState.new("KF00000001", oscillator), key, clock)
    fob.program(Seed(SECRET), parameters, "alice")
    return fob


@given(fobs())
def test_code_is_what_pyotp_gives_at_the_fobs_own_time(made):
    fob, _, _, secret = made
    parameters = fob.state.credential.parameters
    since_t0_s = math.floor(fob.now()) - parameters.t0_s
    assume(since_t0_s >= 0)
    peer = pyotp.TOTP(
        Seed(secret).to_base32(),
        digits=parameters.digits,
        digest=DIGESTS[parameters.algorithm],
        interval=parameters.time_step_s,
    )
    reading = fob.press()
    assert reading.code == peer.at(since_t0_s)
    assert reading.step == peer.timecode(since_t0_s)


@given(st.floats(-100, 100), st.floats(-1e5, 1e5), st.floats(0, 1e8))
def test_own_time_is_the_true_time_and_what_the_crystal_adds(tolerance_ppm, offset_s, elapsed_s):
    key = SealingKey("test", bytes(32))
    oscillator = steady(tolerance_ppm, offset_s, made_at=NOON)
    fob = Fob(FobState.new("KF00000001", oscillator), key, VirtualClock(NOON + elapsed_s))
    expected = NOON + elapsed_s + offset_s + tolerance_ppm * 1e-6 * elapsed_s
    assert fob.now() == pytest.approx(expected, rel=0, abs=1e-5)


@given(parameter_sets(), st.floats(0, 0.999), st.floats(0, 0.999))
def test_every_press_within_a_step_shows_the_same_code_and_the_next_step_the_next(parameters, first, second):
    key, x = SealingKey("test", bytes(32)), parameters.time_step_s
    begins = parameters.t0_s + 1000 * x
    clock = VirtualClock(begins + x * min(first, second))
    fob = with_parameters(key, clock, parameters, steady())
    early = fob.press()
    clock.move_to(begins + x * max(first, second))
    late = fob.press()
    assert (early.step, early.code) == (late.step, late.code)
    assert early.step == 1000
    clock.move_to(begins + x)
    assert fob.press().step == 1001


@given(fobs())
def test_code_changes_when_the_reading_says_so(made):
    fob, *_ = made
    parameters = fob.state.credential.parameters
    assume(fob.now() >= parameters.t0_s)
    reading = fob.press()
    assert 0.0 < reading.changes_in_s <= parameters.time_step_s
    next_step_at = parameters.t0_s + (reading.step + 1) * parameters.time_step_s
    assert fob.now() + reading.changes_in_s == pytest.approx(next_step_at, rel=0, abs=1e-6)


def test_fast_fob_changes_its_code_early_by_what_it_drifted(key):
    two_years_s = 730 * 86_400.0
    clock = VirtualClock(NOON + two_years_s)
    fob = with_parameters(key, clock, Parameters(), steady(tolerance_ppm=20.0, made_at=NOON))
    # 20 ppm of two years are 1261.44 s: 42 steps and 1.44 s
    true_step = int(clock.now()) // 30
    reading = fob.press()
    assert reading.step == true_step + 42
    assert reading.changes_in_s == pytest.approx(30.0 - 1.44, abs=1e-3)
    clock.advance(seconds=28.5)
    assert fob.press().step == true_step + 42
    clock.advance(seconds=0.1)
    assert fob.press().step == true_step + 43


def test_slow_fob_changes_its_code_late(key, clock):
    fob = with_parameters(key, clock, Parameters(), steady(offset_s=-12.0))
    assert fob.press().step == NOON // 30 - 1
    clock.advance(seconds=11.99)
    assert fob.press().step == NOON // 30 - 1
    clock.advance(seconds=0.02)
    assert fob.press().step == NOON // 30


def test_display_is_dark_until_pressed(fob):
    assert fob.display() is None


def test_display_goes_dark_by_itself(fob, clock):
    pressed = fob.press()
    assert pressed.dark_in_s == LIT_S
    clock.advance(seconds=LIT_S - 0.01)
    lit = fob.display()
    assert lit.dark_in_s == pytest.approx(0.01)
    assert lit.changes_in_s == pytest.approx(30.0 - LIT_S + 0.01)
    assert lit.code == pressed.code
    clock.advance(seconds=0.01)
    assert fob.display() is None


def test_press_while_lit_lights_it_for_the_whole_time_again(fob, clock):
    fob.press()
    clock.advance(seconds=20.0)
    assert fob.press().dark_in_s == LIT_S
    clock.advance(seconds=20.0)
    assert fob.display().dark_in_s == pytest.approx(LIT_S - 20.0)


def test_lit_display_follows_the_clock_into_the_next_step(fob, clock):
    clock.advance(seconds=20.0)
    pressed = fob.press()
    clock.advance(seconds=15.0)
    shown = fob.display()
    assert shown.step == pressed.step + 1
    assert shown.code == pyotp.TOTP(Seed(SECRET).to_base32()).at(int(NOON) + 35)


def test_looking_at_the_display_changes_nothing(fob):
    fob.press()
    before = fob.state
    fob.display()
    assert fob.state is before


def test_display_lights_after_the_press_only(fob, key):
    fob.press()
    earlier = Fob(fob.state, key, VirtualClock(NOON - 5.0))
    assert earlier.display() is None


def test_presses_are_counted(fob):
    for _ in range(3):
        fob.press()
    assert fob.state.presses == 3


def test_fob_without_a_seed_says_what_to_do(blank_fob):
    with pytest.raises(UnprovisionedError, match="scan the QR code") as caught:
        blank_fob.press()
    assert caught.value.serial == "KF00000001"
    assert blank_fob.screen().cells == "------"
    assert blank_fob.display() is None


def test_uri_provisions(blank_fob):
    blank_fob.provision(URI + "&algorithm=SHA512&digits=8&period=60")
    credential = blank_fob.state.credential
    assert (credential.issuer, credential.account) == ("ACME", "alice@example.com")
    assert credential.parameters == Parameters(Algorithm.SHA512, 8, 60)
    peer = pyotp.TOTP(Seed(SECRET).to_base32(), digits=8, digest=hashlib.sha512, interval=60)
    assert blank_fob.press().code == peer.at(int(NOON))


def test_picture_provisions_from_a_file_and_from_bytes(key, clock, tmp_path):
    picture = tmp_path / "code.png"
    picture.write_bytes(picture_of(URI))
    readings = set()
    for image in (picture, picture.read_bytes()):
        fob = Fob(FobState.new("KF00000001", steady()), key, clock)
        fob.scan(image)
        readings.add(fob.press())
    assert len(readings) == 1
    assert readings.pop().code == pyotp.TOTP(Seed(SECRET).to_base32()).at(int(NOON))


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        ((), UnreadableQrError),
        ((URI, URI.replace("alice", "bob")), UnreadableQrError),
        (("https://example.com/login",), InvalidUriError),
        (("WIFI:S:home;T:WPA;P:hunter22;;",), InvalidUriError),
        ((URI.replace("totp", "hotp"),), InvalidUriError),
    ],
    ids=["no-code", "two-codes", "web-address", "wifi", "no-counter"],
)
def test_useless_picture_leaves_the_fob_as_it_was(blank_fob, texts, error):
    before = blank_fob.state
    with pytest.raises(error) as caught:
        blank_fob.scan(picture_of(*texts))
    assert blank_fob.state is before
    assert not tells(str(caught.value), SECRET)


def test_second_provisioning_is_refused_until_a_reset(fob, key, clock):
    before = fob.state
    other = "otpauth://totp/bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    with pytest.raises(AlreadyProvisionedError, match=r"alice@example\.com: reset it first"):
        fob.provision(other)
    with pytest.raises(AlreadyProvisionedError):
        fob.scan(picture_of(other))
    with pytest.raises(AlreadyProvisionedError):
        fob.program(Seed(SECRET), Parameters(), "bob")
    assert fob.state is before
    fresh = Fob(fob.state.reset(), key, clock)
    fresh.provision(other)
    assert fresh.press().code == pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").at(int(NOON))


def test_reset_fob_is_dark_and_keeps_its_id_and_its_clock(fob):
    fob.press()
    fresh = fob.state.reset()
    assert (fresh.credential, fresh.pressed_at) == (None, None)
    assert (fresh.fob_id, fresh.serial, fresh.oscillator) == (
        fob.state.fob_id,
        fob.state.serial,
        fob.state.oscillator,
    )


def test_programming_wipes_the_seed_that_was_handed_in(blank_fob):
    seed = Seed(SECRET)
    blank_fob.program(seed, Parameters(), "alice")
    assert seed.reveal() == b""


def test_another_key_is_named_as_the_trouble(fob, clock):
    stranger = Fob(fob.state, SealingKey("other", bytes(range(32))), clock)
    with pytest.raises(ForeignFobKeyError, match="sealed with key test, and this is key other"):
        stranger.press()


def test_flipped_bit_of_the_seed_in_memory_shows_an_error_and_never_a_code(fob, key, clock):
    seed_bytes = len(fob.state.memory) - AREAS["seed"].start
    for position in range(8 * seed_bytes):
        damaged = Fob(fob.state, key, clock)
        damaged.inject(BitFlip("seed", position // 8, position % 8))
        with pytest.raises(NoCodeError) as caught:
            damaged.press()
        assert caught.value.state in {"recovery", "unprovisioned"}
        assert not set(damaged.screen().cells) & set("0123456789")


def test_sealed_seed_altered_with_its_checksum_is_refused_all_the_same(fob, key, clock):
    credential = fob.state.credential
    for field in ("nonce", "ciphertext"):
        altered = bytearray(getattr(credential.sealed, field))
        altered[0] ^= 1
        sealed = dataclasses.replace(credential.sealed, **{field: bytes(altered)})
        state = rewritten(fob.state, dataclasses.replace(credential, sealed=sealed))
        with pytest.raises(NoCodeError, match="recovery"):
            Fob(state, key, clock).press()


@pytest.mark.parametrize(
    "change",
    [{"fob_id": "another"}, {"owner_id": "somebody"}],
    ids=["fob", "owner"],
)
def test_sealed_seed_opens_for_its_own_fob_and_owner_only(fob, key, clock, change):
    with pytest.raises(NoCodeError, match="recovery"):
        Fob(dataclasses.replace(fob.state, **change), key, clock).press()


def test_sealed_seed_opens_for_its_own_parameters_only(fob, key, clock):
    credential = dataclasses.replace(fob.state.credential, parameters=Parameters(digits=8))
    with pytest.raises(NoCodeError, match="recovery"):
        Fob(rewritten(fob.state, credential), key, clock).press()


def test_clock_before_t0_has_no_code(key, clock):
    fob = with_parameters(key, clock, Parameters(t0_s=int(NOON) + 1), steady())
    with pytest.raises(CounterRangeError):
        fob.press()
    assert fob.screen().cells == "------"


@pytest.mark.parametrize("serial", ["", "KF 1", "KF\x1b[2J", "KF\n", "\u202eKF", "1" * 65])
def test_serial_that_could_not_stand_on_the_fob_is_refused(serial):
    with pytest.raises(InvalidSerialError):
        FobState.new(serial, steady())


def test_new_fobs_have_ids_of_their_own():
    assert FobState.new("A", steady()).fob_id != FobState.new("A", steady()).fob_id


@given(fobs())
def test_nothing_that_is_shown_of_a_fob_tells_its_seed(made):
    fob, _, _, secret = made
    assume(len(set(secret)) > 4)
    told = f"{fob!r} {fob.state!r} {vars(fob)!r} {dataclasses.asdict(fob.state)!r}"
    assert not tells(told, secret)
    assert isinstance(fob.state.credential.sealed, SealedSeed)
