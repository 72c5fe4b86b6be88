import dataclasses
import json
import pickle
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.diagnostics import (
    COUNTERS,
    FAILURES,
    MAX_REPORT_BYTES,
    Check,
    DiagnosticReport,
    InvalidReportError,
    parse_report,
    report_to_json,
)
from keyfob.quantities import UNIX_LIMIT_S

PASSED = Check("SHA-1", passed=True, code=None, found="as it should be")
FAILED = Check("seed", passed=False, code="E10", found="checksum differs at 25.0 °C")
REPORT = DiagnosticReport(
    serial="KF00000001",
    firmware_version="1.0.0",
    made_at=1_800_000_000.0,
    own_time=1_800_000_002.5,
    trigger="request",
    state="PIN-blocked",
    battery_v=2.9,
    charge_left_percent=81.5,
    counters={"presses": 41, "boots": 2, "interrupted_boots": 1, "pin_failures": 0},
    checks=(PASSED, FAILED),
)
WRITTEN = json.loads(report_to_json(REPORT))

ASCII = "".join(map(chr, range(0x20, 0x7F)))
printable = st.characters(codec="utf-8").filter(str.isprintable)
times = st.floats(-UNIX_LIMIT_S, UNIX_LIMIT_S)
checks = st.builds(
    lambda name, code, found: Check(name, passed=code is None, code=code, found=found),
    st.text(ASCII, min_size=1, max_size=40),
    st.none() | st.sampled_from(sorted(FAILURES)),
    st.text(printable, max_size=80),
)
reports = st.builds(
    DiagnosticReport,
    serial=st.text(printable.filter(lambda c: not c.isspace()), min_size=1, max_size=64),
    firmware_version=st.text(ASCII, min_size=1, max_size=32),
    made_at=times,
    own_time=times,
    trigger=st.sampled_from(["power-up", "request", "boot"]),
    state=st.from_regex(r"[A-Za-z][A-Za-z0-9 _-]{0,31}", fullmatch=True),
    battery_v=st.floats(0.0, 100.0),
    charge_left_percent=st.floats(0.0, 100.0),
    counters=st.fixed_dictionaries(dict.fromkeys(COUNTERS, st.integers(0, 2**63 - 1))),
    checks=st.lists(checks, max_size=24).map(tuple),
)


def altered(**fields):
    return json.dumps(WRITTEN | fields).encode()


@given(reports)
def test_report_comes_back_as_it_was_written(report):
    assert parse_report(report_to_json(report)) == report


def test_longest_report_is_within_the_size_limit():
    widest = "\N{KEY}"
    check = Check("\\" * 40, passed=False, code="E10", found=widest * 80)
    report = DiagnosticReport(
        serial=widest * 64,
        firmware_version="\\" * 32,
        made_at=-12345678901.123457,
        own_time=-12345678901.123457,
        trigger="power-up",
        state="x" * 32,
        battery_v=12.345678901234567,
        charge_left_percent=12.345678901234567,
        counters=dict.fromkeys(COUNTERS, 2**63 - 1),
        checks=(check,) * 24,
    )
    assert 0.8 * MAX_REPORT_BYTES < len(report_to_json(report)) <= MAX_REPORT_BYTES


def test_format_and_version_stand_first():
    assert list(WRITTEN)[:2] == ["format", "version"]
    assert (WRITTEN["format"], WRITTEN["version"]) == ("keyfob diagnostic report", 1)


def test_failures_are_the_codes_of_the_checks_that_failed():
    flat = Check("battery", passed=False, code="E41", found="1.9 V")
    assert dataclasses.replace(REPORT, checks=(FAILED, PASSED, flat)).failures == ("E10", "E41")


@pytest.mark.parametrize("field", sorted(WRITTEN))
def test_missing_field_is_refused(field):
    with pytest.raises(InvalidReportError):
        parse_report(json.dumps({name: value for name, value in WRITTEN.items() if name != field}).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "keyfob fob"),
        ("version", 2),
        ("version", True),
        ("version", 1.0),
        ("serial", ""),
        ("serial", "a b"),
        ("serial", "x" * 65),
        ("serial", "\x1b[2J"),
        ("firmware_version", "1\n"),
        ("made_at", "1800000000"),
        ("made_at", 1e12),
        ("own_time", None),
        ("trigger", "boredom"),
        ("trigger", ["boot"]),
        ("made_at", 10**400),
        ("state", "idle\n"),
        ("state", "x" * 33),
        ("battery_v", -0.1),
        ("charge_left_percent", 100.1),
        ("counters", {}),
        ("counters", WRITTEN["counters"] | {"seeds": 1}),
        ("counters", WRITTEN["counters"] | {"boots": -1}),
        ("counters", WRITTEN["counters"] | {"boots": 2**63}),
        ("counters", WRITTEN["counters"] | {"boots": True}),
        ("checks", {}),
        ("checks", ["SHA-1"]),
        ("checks", [WRITTEN["checks"][0]] * 25),
    ],
)
def test_field_outside_its_limits_is_refused(field, value):
    with pytest.raises(InvalidReportError):
        parse_report(altered(**{field: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"code": "E99"},
        {"code": ["E10"]},
        {"code": None},
        {"passed": True},
        {"passed": 0},
        {"name": ""},
        {"name": "x" * 41},
        {"name": "°"},
        {"found": "x" * 81},
        {"found": "\x9b2J"},
        {"found": "two\nlines"},
        {"seed": "AAAA"},
    ],
)
def test_check_outside_its_limits_is_refused(change):
    assert parse_report(altered(checks=[WRITTEN["checks"][1]])).checks == (FAILED,)
    with pytest.raises(InvalidReportError):
        parse_report(altered(checks=[WRITTEN["checks"][1] | change]))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"NaN", b"\xff", b"[" * 5000, b"1e400"])
def test_what_is_no_report_is_refused(content):
    with pytest.raises(InvalidReportError):
        parse_report(content)


def test_report_cut_short_anywhere_is_refused():
    content = report_to_json(REPORT)
    for length in range(len(content)):
        with pytest.raises(InvalidReportError):
            parse_report(content[:length])


def test_report_that_is_too_long_is_refused_unread():
    content = report_to_json(REPORT)
    assert parse_report(content.ljust(MAX_REPORT_BYTES)) == REPORT
    with pytest.raises(InvalidReportError, match="longer"):
        parse_report(content.ljust(MAX_REPORT_BYTES + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"sesame": 1},
        {"serial": "sesame sesame"},
        {"state": "sesame!"},
        {"trigger": "sesame"},
        {"counters": {"sesame": -1}},
        {"counters": WRITTEN["counters"] | {"sesame": -1}},
        {"checks": [WRITTEN["checks"][0] | {"sesame": "sesame"}]},
        {"checks": [WRITTEN["checks"][0] | {"code": "sesame"}]},
    ],
)
def test_error_never_repeats_what_was_found(change):
    with pytest.raises(InvalidReportError) as caught:
        parse_report(altered(**change))
    assert "sesame" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "change",
    [
        {"battery_v": float("nan")},
        {"made_at": float("inf")},
        {"serial": "\ud800"},
        {"checks": (PASSED,) * 25},
    ],
)
def test_report_outside_its_limits_is_not_made(change):
    with pytest.raises(InvalidReportError):
        dataclasses.replace(REPORT, **change)


def test_error_crosses_a_process_boundary_unchanged():
    error = InvalidReportError("it is no JSON")
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))


def test_every_failure_says_what_it_means_and_what_to_do():
    codes = ["E01", "E02", "E03", "E10", "E11", "E12", "E13", "E20", "E21", "E30", "E40", "E41", "E50", "E60"]
    assert list(FAILURES) == codes
    for code, failure in FAILURES.items():
        assert failure.code == code
        for sentence in (failure.meaning, failure.remedy):
            assert sentence[0] in string.ascii_uppercase
            assert sentence.endswith(".")


def test_documentation_tells_every_failure():
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for failure in FAILURES.values():
        assert f"| {failure.code} | {failure.meaning} | {failure.remedy} |" in page
