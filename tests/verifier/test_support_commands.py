"""`keyfob support …`, as typed."""

import io
import sys

import pytest

from keyfob.cli import main
from keyfob.diagnostics import FAILURES, MAX_REPORT_BYTES, report_to_json
from support_samples import report_of, written_report_of


@pytest.fixture
def report(places, keyfob):
    """An installation with a token, and the file that its fob's diagnostic report is in."""
    keyfob("init")
    keyfob("token", "enrol", "alice", "--serial", "KF-1")
    file = places / "report.json"
    file.write_bytes(report_to_json(report_of("KF-1")))
    return file


def test_record_from_open_to_resolved_and_back(report, keyfob):
    added = keyfob("support", "add", "KF-1", report, "--note", "dark")
    assert (added["serial"], added["state"], added["failures"]) == ("KF-1", "open", ["E30", "E40"])
    assert added["report"] == written_report_of("KF-1")
    number = added["id"]
    for state in ("in-progress", "resolved", "open"):
        moved = keyfob("support", "update", number, "--state", state, "--note", f"now {state}")
        assert moved["state"] == state
    assert [(change["state"], change["note"]) for change in keyfob("support", "show", number)["changes"]] == [
        ("open", "dark"),
        ("in-progress", "now in-progress"),
        ("resolved", "now resolved"),
        ("open", "now open"),
    ]


def test_report_is_read_from_standard_input(report, keyfob, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(report.read_bytes())))
    assert keyfob("support", "add", "KF-1", "-")["state"] == "open"


def test_lists_are_by_state_and_by_token(report, keyfob, monkeypatch):
    monkeypatch.setattr("keyfob_verifier.support_commands.PAGE", 2)
    numbers = [keyfob("support", "add", "KF-1", report)["id"] for _ in range(5)]
    keyfob("support", "update", numbers[1], "--state", "in-progress")
    keyfob("token", "enrol", "bob", "--serial", "KF-2")

    def listed(*options):
        return [row["id"] for row in keyfob("support", "list", *options)]

    assert listed() == listed("--serial", "KF-1") == numbers
    assert listed("--state", "in-progress") == [numbers[1]]
    assert listed("--state", "resolved") == listed("--serial", "KF-2") == []


def test_people_see_what_failures_mean_and_what_to_do(report, keyfob, capsys):
    keyfob("support", "add", "KF-1", report, "--note", "dark")
    assert main(["support", "show", "1"]) == 0
    shown = capsys.readouterr().out
    for code in ("E30", "E40"):
        assert FAILURES[code].meaning in shown
        assert FAILURES[code].remedy in shown
    assert "segment c of cell 3" in shown
    assert "dark" in shown
    assert main(["support", "list", "--state", "open"]) == 0
    assert "E30 E40" in capsys.readouterr().out


def test_fob_that_passed_has_nothing_wrong(report, keyfob, capsys):
    report.write_bytes(report_to_json(report_of("KF-1", checks=())))
    assert main(["support", "add", "KF-1", str(report)]) == 0
    assert "nothing wrong" in capsys.readouterr().out


def test_mistakes_get_one_line(report, keyfob, mistake):
    assert "no support record 1" in mistake("support", "show", 1)
    keyfob("support", "add", "KF-1", report)
    assert "it can become in-progress" in mistake("support", "update", 1, "--state", "resolved")
    assert "'in-progress'" in mistake("support", "update", 1, "--state", "lost", status=2)
    assert "note" in mistake("support", "update", 1, "--state", "in-progress", "--note", "x" * 501)
    assert "no token" in mistake("support", "list", "--serial", "NOBODY")
    assert "1 to 64 letters" in mistake("support", "list", "--serial", "a b")
    keyfob("token", "enrol", "bob", "--serial", "KF-2")
    assert "'KF-1', not of 'KF-2'" in mistake("support", "add", "KF-2", report)
    mistake("support", "show", 2**63, status=2)
    mistake("support", "add", "KF-1", report.with_name("none.json"), status=2)


def test_file_that_is_no_report_is_refused(report, mistake):
    whole = report.read_bytes()
    for content in (b"", whole[:-1], whole.ljust(MAX_REPORT_BYTES + 1)):
        report.write_bytes(content)
        assert "not a usable diagnostic report" in mistake("support", "add", "KF-1", report)
