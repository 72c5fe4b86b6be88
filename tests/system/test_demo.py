"""`keyfob demo` as its users run it, and its judgement, which must be able to fail."""

import dataclasses
import subprocess
import sys

import pytest
from rich.console import Console

from keyfob_firmware.demo.attack import Siege
from keyfob_firmware.demo.life import Owner
from keyfob_firmware.demo.report import Findings, Sample, expectations, show


def test_demo_keeps_every_promise(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "keyfob", "demo", "--directory", tmp_path / "demo"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "FAILED" not in ran.stdout
    assert (tmp_path / "demo" / "FAST-20.png").stat().st_size > 0
    assert ran.stderr == ""


def good_findings():
    owner = Owner("F", fob=None, logins=200, first_accepted=200, accepted=200, fixed_accepted=9)
    owner.replays = owner.replays_refused = 20
    sample = Sample(
        1.8e9,
        "F",
        true_offset_s=100.0,
        offset_s=101.0,
        offset_sd_s=2.0,
        true_rate_ppm=1.0,
        rate_ppm=1.1,
        rate_sd_ppm=0.2,
    )
    return Findings([owner], [sample], Siege(300, 33, 10, 0), "accepted")


def failures(findings):
    return [sentence for sentence, holds in expectations(findings) if not holds]


def test_good_findings_hold():
    assert failures(good_findings()) == []
    assert show(good_findings(), Console(quiet=True))


@pytest.mark.parametrize(
    "change",
    [
        {"first_accepted": 190},
        {"accepted": 199},
        {"fixed_accepted": 150},
        {"replays_refused": 19},
        {"replays": 0, "replays_refused": 0},
        {"logins": 0, "accepted": 0, "first_accepted": 0, "fixed_accepted": 0},
    ],
)
def test_owner_who_fared_worse_is_a_failure(change):
    findings = good_findings()
    findings.owners = [dataclasses.replace(findings.owners[0], **change)]
    assert len(failures(findings)) >= 1
    assert not show(findings, Console(quiet=True))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("siege", Siege(300, 33, 10, 1)),
        ("siege", Siege(300, 33, 20, 0)),
        ("siege", Siege(300, 60, 10, 0)),
        ("siege", Siege(0, 0, 0, 0)),
        ("owner_after_siege", "retry-after"),
        ("samples", [dataclasses.replace(good_findings().samples[0], offset_s=121.0, offset_sd_s=9.0)]),
        ("samples", [dataclasses.replace(good_findings().samples[0], offset_s=106.0, offset_sd_s=1.0)]),
        ("samples", []),
    ],
)
def test_anything_else_that_went_wrong_is_a_failure(field, value):
    findings = good_findings()
    setattr(findings, field, value)
    assert len(failures(findings)) == 1
