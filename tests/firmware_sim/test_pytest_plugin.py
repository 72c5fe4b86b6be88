"""The pytest plugin, in runs of pytest of its own."""

import dataclasses
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

# an inner run forgets the modules that it loaded, and those in C bear no second loading
for name in ("freezegun", "time_machine", "zxingcpp", "keyfob.qr", "keyfob_firmware.fob_maker"):
    import_module(name)

pytest_plugins = ["pytester"]

URI = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME"
COUNTER_URI = "otpauth://hotp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME&counter=0"

HEAD = f"""
import io, time
from datetime import UTC, datetime, timedelta
import pytest
from keyfob import totp, time_step
from keyfob.qr import draw_png
from keyfob_firmware.errors import *
from keyfob_firmware.faults import *

SECRET = b"12345678901234567890"
URI = "{URI}"
COUNTER_URI = "{COUNTER_URI}"
"""

STRICT = (
    *("-p", "no:cacheprovider"),
    "--strict-markers",
    *("-W", "error"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # this process has loaded the plugin already
)


@pytest.fixture
def run(pytester):
    """Runs tests with the plugin and with no configuration at all; says how each went."""

    def run(text, *options):
        pytester.makepyfile(HEAD + text)
        return pytester.runpytest_inprocess(*STRICT, *options)

    return run


def test_fob_needs_no_configuration(run):
    run("""
def test_empty(fob):
    with pytest.raises(UnprovisionedError):
        fob.press()

def test_scanned(fob):
    fob.scan(draw_png(URI))
    before = time.time()
    code = fob.press().code
    assert code in {totp(SECRET, before), totp(SECRET, time.time())}

def test_made(make_fob):
    fob = make_fob(uri=URI)
    assert fob.now() == pytest.approx(time.time(), abs=1)
    assert len(fob.press().code) == 6
""").assert_outcomes(passed=3)


def test_fob_scans_whatever_a_test_has_for_a_picture(run):
    run("""
import base64
from PIL import Image

PNG = draw_png(URI)

class Page:
    def screenshot(self):
        page = Image.new("RGB", (1280, 800), "white")
        page.paste(Image.open(io.BytesIO(PNG)).convert("RGB"), (500, 90))
        out = io.BytesIO()
        page.save(out, "PNG")
        return out.getvalue()

class AsynchronousPage:
    async def _bytes(self):
        return PNG
    def screenshot(self):
        return object()

@pytest.mark.parametrize("kind", ["bytes", "bytearray", "path", "text", "data", "pillow", "page", "screenshot"])
def test_taken(kind, fob, tmp_path, virtual_time):
    file = tmp_path / "qr.png"
    file.write_bytes(PNG)
    fob.scan({
        "bytes": PNG,
        "bytearray": bytearray(PNG),
        "path": file,
        "text": str(file),
        "data": "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "pillow": Image.open(io.BytesIO(PNG)),
        "page": Page(),
        "screenshot": Page().screenshot(),
    }[kind])
    assert fob.press().code == totp(SECRET, virtual_time.now())

@pytest.mark.parametrize("picture", [None, AsynchronousPage(), "data:image/png,abc", "data:image/png;base64,?", "nowhere.png"])
def test_refused(picture, fob):
    from keyfob.errors import UnreadableQrError
    with pytest.raises(UnreadableQrError):
        fob.scan(picture)
""").assert_outcomes(passed=13)


def test_marker_describes_the_fob(run):
    run("""
@pytest.mark.fob(uri=URI, drift_ppm=35, age_days=700)
def test_two_years(fob, virtual_time):
    assert 1900 < fob.offset_s < 2400
    assert fob.press().code == totp(SECRET, fob.now()) != totp(SECRET, virtual_time.now())

@pytest.mark.fob(uri=URI, offset_s=7, serial="KF00000099")
class TestNearestMarkerCounts:
    def test_of_the_class(self, fob, virtual_time):
        assert fob.offset_s == pytest.approx(7)
        assert fob.state.serial == "KF00000099"

    @pytest.mark.fob(offset_s=-9)
    def test_of_the_function(self, fob, virtual_time):
        assert fob.offset_s == pytest.approx(-9)
        assert fob.state.serial == "KF00000099"
""").assert_outcomes(passed=3)


def test_unknown_option_is_an_error_that_names_the_known_ones(run):
    result = run("""
@pytest.mark.fob(drift=35)
def test_unknown(fob): pass

@pytest.mark.fob(35)
def test_without_name(fob): pass

def test_called(make_fob):
    with pytest.raises(TypeError, match="has no years; it takes uri, secret, digits"):
        make_fob(years=2)
    with pytest.raises(InvalidFobOptionError, match="exclude"):
        make_fob(uri=URI, secret="GEZDGNBVGY3TQOJQ")
    with pytest.raises(InvalidFobOptionError, match="digits, counter go with secret"):
        make_fob(uri=URI, digits=8, counter=2)
    with pytest.raises(InvalidFobOptionError, match="not both"):
        make_fob(secret="GEZDGNBVGY3TQOJQ", time_step_s=60, counter=2)
    with pytest.raises(InvalidFobOptionError, match="age_days"):
        make_fob(age_days=-1)
""")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*@pytest.mark.fob() has no drift; it takes uri, secret, *", "*takes its options by name: uri, *"]
    )


def test_type_checkers_know_every_option():
    maker = import_module("keyfob_firmware.fob_maker")
    assert set(maker.Options.__annotations__) == {
        field.name for field in dataclasses.fields(maker.FobOptions)
    }


def test_options_make_the_credential(run):
    run("""
from keyfob import Algorithm, Parameters, hotp

SECRET_TEXT = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

@pytest.mark.parametrize("algorithm", ["SHA256", Algorithm.SHA256])
def test_time_based(make_fob, virtual_time, algorithm):
    fob = make_fob(secret=SECRET_TEXT, digits=8, algorithm=algorithm, time_step_s=60)
    assert fob.press().code == totp(SECRET, virtual_time.now(), Parameters(Algorithm.SHA256, 8, 60))

def test_unknown_algorithm(make_fob):
    from keyfob.errors import InvalidParametersError
    with pytest.raises(InvalidParametersError):
        make_fob(secret=SECRET_TEXT, algorithm="MD5")

def test_event_based(make_fob):
    assert make_fob(secret=SECRET_TEXT, counter=3).press().code == hotp(SECRET, 3)

def test_pin(make_fob, virtual_time):
    fob = make_fob(uri=URI, pin="4711")
    with pytest.raises(NoCodeError, match="PIN"):
        fob.press()
    assert fob.enter("4711").code == totp(SECRET, virtual_time.now())
    codes = [fob.fresh().code for _ in range(3)]
    assert codes[-1] == totp(SECRET, virtual_time.now())
    assert "4711" not in repr(fob)

def test_temperature(make_fob, virtual_time):
    desk, car = make_fob(uri=URI, temperature="desk"), make_fob(uri=URI, temperature="car", seed=1)
    virtual_time.advance(days=365)
    assert car.offset_s < desk.offset_s - 30

def test_same_seed_is_the_same_fob(make_fob, virtual_time):
    one, twin, other = (make_fob(uri=URI, seed=seed) for seed in (5, 5, 6))
    virtual_time.advance(days=700)
    assert one.offset_s == twin.offset_s != other.offset_s
    assert one.state.serial != twin.state.serial
""").assert_outcomes(passed=7)


def test_old_fob_works_with_its_battery_or_a_fresh_one(run):
    run("""
@pytest.mark.parametrize("years", [0, 1, 4, 6, 30])
def test_alive(make_fob, virtual_time, years):
    fob = make_fob(uri=URI, age_days=365 * years)
    assert fob.press().code == totp(SECRET, fob.now())
    used = 1.0 - fob.state.battery.charge_left
    assert used < 0.01 if years in (0, 6, 30) else used > 0.1

def test_dies_of_age_all_the_same(make_fob, virtual_time):
    fob = make_fob(uri=URI, age_days=365)
    fob.age(days=3650)
    with pytest.raises(NoCodeError, match="no power"):
        fob.fresh()
    fob.replace_battery()
    assert fob.fresh().code == totp(SECRET, fob.now())
""").assert_outcomes(passed=6)


def test_virtual_time_stands_still_and_moves_every_fob(run):
    run("""
def test_two(fob, make_fob, virtual_time):
    assert virtual_time.now() == pytest.approx(time.time(), abs=2)
    other = make_fob(uri=URI, drift_ppm=100)
    fob.provision(URI)
    began = virtual_time.now()
    time.sleep(0.01)
    assert virtual_time.now() == began == fob.now() == other.now()
    virtual_time.advance(days=10, seconds=5)
    assert virtual_time.now() == began + 864_005
    assert fob.now() == pytest.approx(virtual_time.now(), abs=3)
    assert other.offset_s - fob.offset_s == pytest.approx(86.4, abs=1)
    assert fob.press().code == totp(SECRET, fob.now())
    later = datetime.fromtimestamp(virtual_time.now(), UTC) + timedelta(hours=1)
    virtual_time.move_to(later)
    assert virtual_time.now() == pytest.approx(later.timestamp())
    for earlier in (began, later.replace(tzinfo=None)):
        with pytest.raises(ValueError):
            virtual_time.move_to(earlier)

def test_asked_for_late(fob, request):
    fob.provision(URI)
    fob.press()
    virtual_time = request.getfixturevalue("virtual_time")
    virtual_time.advance(days=1)
    assert fob.now() == pytest.approx(time.time() + 86_400, abs=2)
""").assert_outcomes(passed=2)


PATCHED = """
import sys

@pytest.fixture
def without(monkeypatch):
    for name in {without}:
        monkeypatch.setitem(sys.modules, name, None)

def test_application(virtual_time, fob, without):
    fob.provision(URI)
    monotonic = None if {without} else time.monotonic()
    with virtual_time.patch():
        assert time.time() == pytest.approx(virtual_time.now(), abs=1e-3)
        virtual_time.advance(days=400)
        assert time.time() == pytest.approx(virtual_time.now(), abs=1e-3)
        assert datetime.now(UTC).timestamp() == pytest.approx(virtual_time.now(), abs=1e-3)
        assert fob.press().code == totp(SECRET, time.time() + fob.offset_s)
        assert monotonic is None or time.monotonic() - monotonic < 100
    assert virtual_time.now() - time.time() > 399 * 86_400
    virtual_time.advance(seconds=1)
"""


@pytest.mark.parametrize("without", [(), ("time_machine",)], ids=["time-machine", "freezegun"])
def test_patch_moves_the_application(run, without):
    run(PATCHED.format(without=without)).assert_outcomes(passed=1)


def test_patch_says_what_to_install(run):
    run("""
import sys

def test_neither(virtual_time, monkeypatch):
    for name in ("time_machine", "freezegun"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NoTimeTravelError, match="pip install time-machine"), virtual_time.patch():
        pass
""").assert_outcomes(passed=1)


MOVED = """
def test_moved(fob, make_fob):
    fob.provision(URI)
    fob.press()
    for moment in ("2031-05-01T12:00:00", "2012-01-14T03:21:34", "2031-05-01T12:00:00"):
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        with {travel}:
            assert fob.press().code == totp(SECRET, fob.now())
            assert abs(fob.offset_s) < 300
            assert fob.state.battery.charge_left > 0.1
    assert fob.press().code in {{totp(SECRET, fob.now() - 1), totp(SECRET, fob.now())}}

def test_faults_in_the_past(fob):
    fob.provision(URI)
    at = datetime(2012, 1, 14, tzinfo=UTC)
    with {travel}:
        fob.inject(ClockStep(90.0))
        assert fob.press().code == totp(SECRET, time.time() + 90)
        fob.inject(FlatBattery())
        fob.replace_battery()
        assert fob.press().code == totp(SECRET, time.time() + 90)

def test_no_waiting_for_time_that_stands_still(fob):
    fob.provision(URI)
    at = datetime.fromtimestamp(time.time() // 30 * 30 + 10, UTC)
    with {travel}:
        fob.fresh()
        with pytest.raises(TimeStandsStillError, match="virtual_time"):
            fob.fresh()
"""


@pytest.mark.parametrize(
    "travel",
    [
        pytest.param("__import__('freezegun').freeze_time(at)", id="freezegun"),
        pytest.param("__import__('time_machine').travel(at, tick=False)", id="time-machine"),
    ],
)
def test_time_travel_moves_fobs_forth_and_back(run, travel):
    run(MOVED.format(travel=travel)).assert_outcomes(passed=3)


def test_fresh_never_repeats_a_step_and_leaves_time_to_type(run):
    run("""
from hypothesis import given, strategies as st, settings, HealthCheck

@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    step_s=st.sampled_from([1, 7, 30, 60]),
    drift_ppm=st.floats(-200, 200),
    offset_s=st.floats(-1000, 1000),
    moves=st.lists(st.sampled_from(["press", "fresh", "wait", "back", "correct"]), min_size=3, max_size=12),
)
def test_fresh(make_fob, virtual_time, step_s, drift_ppm, offset_s, moves):
    fob = make_fob(secret="GEZDGNBVGY3TQOJQ", time_step_s=step_s, drift_ppm=drift_ppm, offset_s=offset_s)
    seen = set()
    for move in moves:
        match move:
            case "press":
                seen.add(fob.press().step)
            case "fresh":
                reading = fob.fresh()
                assert reading.step not in seen
                assert reading.changes_in_s >= min(5, step_s / 2) - 0.01
                seen.add(reading.step)
            case "wait":
                virtual_time.advance(seconds=0.9 * step_s)
            case "back":
                fob.put_clock_off(-2)
            case "correct":
                fob.correct_clock()
    assert fob.fresh().step not in seen

def test_waits_by_the_machines_clock(make_fob):
    fob = make_fob(secret="GEZDGNBVGY3TQOJQ", time_step_s=1)
    began = time.monotonic()
    readings = [fob.fresh() for _ in range(3)]
    assert len({reading.step for reading in readings}) == 3
    assert 1 <= time.monotonic() - began < 10

def test_event_based(make_fob, virtual_time):
    fob = make_fob(uri=COUNTER_URI)
    assert [fob.fresh().step for _ in range(4)] == [0, 1, 2, 3]

def test_stopped_clock(fob, virtual_time):
    fob.provision(URI)
    fob.fresh()
    fob.inject(StoppedOscillator(1e9))
    with pytest.raises(NoFreshCodeError):
        fob.fresh()

def test_empty_fob(fob):
    with pytest.raises(UnprovisionedError):
        fob.fresh()
""").assert_outcomes(passed=5)


def test_codes_that_logins_stumble_over(run):
    run("""
@pytest.fixture(params=["totp", "pin"])
def held(request, make_fob):
    return make_fob(uri=URI, pin="4711" if request.param == "pin" else None, drift_ppm=20, age_days=30)

def test_last_second(held, virtual_time):
    reading = held.typed_at_the_last_second()
    assert reading.code == totp(SECRET, held.now())
    assert reading.changes_in_s == pytest.approx(1, abs=0.01)
    assert held.typed_at_the_last_second(0.25).changes_in_s == pytest.approx(0.25, abs=0.01)

@pytest.mark.parametrize("late_s", [0, 5, 31])
def test_late(held, virtual_time, late_s):
    reading = held.typed_late(late_s)
    began = (reading.step + 1) * 30
    assert held.now() - began == pytest.approx(late_s, abs=0.02)
    assert held.now() >= began
    assert reading.code == totp(SECRET, reading.step * 30)

def test_twice(fob, virtual_time):
    fob.provision(URI)
    used = fob.press()
    first, again = fob.typed_twice()
    assert (first.code, first.step) == (again.code, again.step)
    assert first.step != used.step

@pytest.mark.parametrize("steps", [3, -3])
def test_clock_off_and_corrected(held, virtual_time, steps):
    before_s = held.offset_s
    held.put_clock_off(steps)
    assert held.offset_s - before_s == pytest.approx(30 * steps)
    assert held.read().code == totp(SECRET, held.now())
    held.correct_clock()
    assert held.offset_s == pytest.approx(0, abs=1e-6)
    assert held.fresh().code == totp(SECRET, virtual_time.now())

def test_only_time_based_fobs_roll_over(make_fob, virtual_time):
    fob = make_fob(uri=COUNTER_URI)
    for case in (fob.typed_late, fob.typed_at_the_last_second, fob.put_clock_off):
        with pytest.raises(NotTimeBasedError):
            case()
    first, again = fob.typed_twice()
    assert first.code == again.code
""").assert_outcomes(passed=14)


def test_faults_and_age_befall_it_as_any_fob(run):
    run("""
def test_them(make_fob, virtual_time):
    fob = make_fob(uri=URI, drift_ppm=40)
    fob.inject(BrownOut())
    with pytest.raises(NoCodeError):
        fob.press()
    fob.age(days=400)
    assert fob.offset_s > 1000
    assert fob.press().code == totp(SECRET, fob.now())
""").assert_outcomes(passed=1)


def test_plugin_costs_other_suites_nothing(pytester):
    pytester.makepyfile("""
import sys

def test_nothing_was_loaded():
    heavy = {"pydantic", "PIL", "cryptography", "qrcode", "zxingcpp", "rich", "typer", "keyfob", "keyfob_firmware.fob"}
    assert "keyfob_firmware.pytest_plugin" in sys.modules
    assert not heavy & set(sys.modules)
""")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_fixtures_and_marker_are_described(run):
    assert "@pytest.mark.fob(**options): what fob the fixture `fob` is" in run("", "--markers").stdout.str()
    listed = run("", "--fixtures").stdout.str()
    assert all(f"\n{name} -- " in listed for name in ("fob", "make_fob", "virtual_time"))


def test_examples_in_the_documentation_pass(run):
    page = Path(__file__).parents[2] / "docs" / "developers.md"
    examples = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    tests = "\n\n".join(example for example in examples if "def test_" in example)
    run(tests).assert_outcomes(passed=3)
