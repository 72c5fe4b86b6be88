"""What a fresh checkout promises: the targets, the pins, and a suite that tells what it left out."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

SUITE = """
import pytest
from hypothesis import given, settings, strategies

def test_rounds(soak_rounds):
    print(f"rounds {soak_rounds(3, 9)}, examples {settings.default.max_examples}")

@pytest.mark.soak
def test_long():
    pass
"""


def pins():
    lines = [line for line in CONSTRAINTS.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def installed_for(requirement, seen):
    """The requirement's distribution and all that it brings, where they are installed."""
    name = canonicalize_name(requirement.name)
    wanted = {(name, extra) for extra in requirement.extras or {""}} - seen
    if not wanted or (requirement.marker and not requirement.marker.evaluate()):
        return
    seen |= wanted
    for further in map(Requirement, metadata.requires(name) or ()):
        if any(further.marker is None or further.marker.evaluate({"extra": extra}) for _, extra in wanted):
            further.marker = None
            installed_for(further, seen)


def test_everything_that_keyfob_brings_is_pinned_to_what_is_installed():
    seen = set()
    groups = [line for lines in PROJECT["dependency-groups"].values() for line in lines]
    for requirement in map(Requirement, ["keyfob[all]", *groups]):
        installed_for(requirement, seen)
    installed = {name: metadata.version(name) for name, _ in seen if name != "keyfob"}
    assert len(installed) > len(groups)
    pinned = pins()
    assert {name: pinned.get(name) for name in installed} == installed


def test_pins_name_no_registry():
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.!+-]+", line) for line in CONSTRAINTS.splitlines())
    assert "://" not in CONSTRAINTS


def test_help_lists_every_target():
    targets = re.search(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)[1].split()
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"^  make (\S+) ", shown.stdout, re.MULTILINE) == sorted(targets, key=targets.index)


def test_ci_runs_three_targets_and_nothing_else():
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in script if not line.startswith(("#", "set ", "cd "))] == [
        "make ci-setup",
        "make lint",
        "make test",
    ]


@pytest.fixture
def suite(tmp_path):
    """Runs a suite of its own under keyfob's conftest."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_sample.py").write_text(SUITE)
    markers = "[pytest]\nmarkers =\n    soak: long\n"
    (tmp_path / "pytest.ini").write_text(markers)

    def run(*options):
        command = [sys.executable, "-m", "pytest", "-rs", "-s", "-p", "no:cacheprovider", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    return run


def test_everyday_run_is_short_and_names_what_it_skipped(suite):
    output = suite()
    assert "rounds 3, examples 100" in output
    assert "\n1 skipped: " in output
    assert "it has no short form; `make soak` runs it" in output


def test_soak_runs_the_long_forms(suite):
    output = suite("--soak")
    assert "rounds 9, examples 5000" in output
    assert "\n0 skipped: " in output
