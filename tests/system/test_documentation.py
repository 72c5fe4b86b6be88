"""What the documentation says of commands, routes and names is what keyfob has, and its examples run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from keyfob import VirtualClock
from keyfob.cli import application
from keyfob_verifier.api.app import create_app
from keyfob_verifier.api.metrics import Metrics
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import initialise, open_installation
from keyfob_verifier.service.outcome import Reason

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
CLI = (ROOT / "docs" / "cli.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()

HELP = {"--help", "-h"}


def commands(command, path="keyfob"):
    """Every command that does something, by how it is called, with its options."""
    if not (children := getattr(command, "commands", None)):
        return {
            path: {
                name
                for parameter in command.params
                for name in [*parameter.opts, *parameter.secondary_opts]
                if name.startswith("-")
            }
        }
    found = {}
    for name, child in children.items():
        found |= commands(child, f"{path} {name}")
    return found


COMMANDS = commands(get_command(application()))
ROOT_OPTIONS = {name for parameter in get_command(application()).params for name in parameter.opts}


@pytest.fixture
def app(tmp_path):
    url, kek_path, clock = (
        f"sqlite:///{tmp_path}/data/verifier.db",
        tmp_path / "keys" / "kek.key",
        VirtualClock(0.0),
    )
    initialise(url, kek_path, Purpose.TEST, clock)
    context = open_installation(url, kek_path, Purpose.TEST, clock)
    yield create_app(context)
    context.store.close()


def test_site_is_made_without_a_warning(tmp_path):
    sphinx = [
        sys.executable,
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--keep-going",
        "--quiet",
        "--builder",
        "dummy",
    ]
    made = subprocess.run([*sphinx, ROOT / "docs", tmp_path], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")


def test_examples_in_python_run():
    examples = [
        text
        for page in PAGES
        for text in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    ]
    assert examples
    for text in examples:
        exec(compile(text, "example", "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_in_examples_exist(page):
    lines = re.findall(r"^(?:\$ )(.*)", page.read_text(), re.MULTILINE)
    for line in lines:
        for call in re.findall(r"(?<!/)keyfob [^$()|;#]*", line):
            words = call.split()
            path = max(
                (" ".join(words[:length]) for length in (2, 3, 4) if " ".join(words[:length]) in COMMANDS),
                key=len,
                default=None,
            )
            assert path, call
            assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", call)) <= COMMANDS[path] | HELP, call


def test_every_command_is_described():
    for path in COMMANDS:
        family = " ".join(path.split()[:2])
        assert f"## {family}\n" in CLI
        assert re.search(rf"`{path}[ `]", CLI) or f"## {path}\n" in CLI, path


def test_every_option_is_described_and_no_other():
    described = set(re.findall(r"(?<=[` ])--[a-z][a-z-]*", CLI))
    assert described - HELP == set.union(*COMMANDS.values(), ROOT_OPTIONS) - HELP


def test_every_route_is_described_and_no_other(app):
    described = set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", API, re.MULTILINE))
    routes = {f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item}
    assert described == routes


def test_every_field_of_requests_and_answers_is_described(app):
    for name, schema in app.openapi()["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.search(rf"[`\"]{field}[`\"]", API) or field in {"media_type", "data_uri"}, (name, field)


def test_every_outcome_and_metric_is_described():
    names = {reason.value for reason in Reason}
    names |= {family.name.removesuffix("_total") for family in Metrics().registry.collect()}
    assert names <= {
        name.removesuffix("_total") for name in re.findall(r"^\| `([a-z_-]+)` \|", API, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_repository_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
