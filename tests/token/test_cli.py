"""The frame of `keyfob`: the console script itself in a process of its own, but for what needs no process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from keyfob.cli import main

KEYFOB = Path(sys.executable).with_name("keyfob")
HEAVY = {
    "fastapi",
    "starlette",
    "sqlalchemy",
    "alembic",
    "numpy",
    "numba",
    "PIL",
    "zxingcpp",
    "qrcode",
    "httpx",
}
PLUGIN = """
import sys
import typer
from keyfob.errors import MissingExtraError
from keyfob.extras import needs_extra

def register(app: typer.Typer) -> None:
    @app.command()
    def greet() -> None:
        typer.echo("hello")

    @app.command()
    def extra() -> None:
        with needs_extra("server"):
            import no_such_package

    @app.command()
    def disk() -> None:
        open("/no/such/file")

    @app.command()
    def unflushed() -> None:
        sys.stdout.write("hello")

    @app.command()
    def bug() -> None:
        secret = "GEZDGNBVGY3TQOJQ"
        raise AssertionError(len(secret))
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An environment in which the command finds no files but its own, and writes as it does for most people."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    return os.environ | {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def run(home):
    def run(*arguments, **environment):
        process = subprocess.run(
            [KEYFOB, *arguments], capture_output=True, text=True, env=home | environment, check=False
        )
        return process.returncode, process.stdout, process.stderr

    return run


@pytest.fixture
def plugin(tmp_path):
    """Installs a package that adds commands of its own; gives the path on which Python finds it."""

    def install(name, source):
        (tmp_path / f"{name}.py").write_text(source)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[keyfob.commands]\n{name} = {name}:register\n")
        return os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))

    return install


def test_help_names_the_commands_and_loads_nothing_heavy(home):
    script = (
        "import sys; from keyfob.cli import main; status = main(['--help']); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(status)"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=home, check=True
    )
    assert re.search(r"│ fob +Simulated key fobs", process.stdout)
    loaded = set(process.stderr.split())
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_version(run):
    assert run("--version") == (0, f"keyfob {version('keyfob')}\n", "")


def test_no_command_shows_the_help_with_status_two(run):
    status, out, err = run()
    assert (status, err) == (2, "")
    assert "Usage: keyfob" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(run, shell):
    status, out, err = run("--show-completion", shell)
    assert (status, err) == (0, "")
    assert "_KEYFOB_COMPLETE" in out


def test_shell_completes_commands_and_fobs(run):
    assert run("fob", "new", "desk")[0] == 0
    words = {"_KEYFOB_COMPLETE": "complete_bash"}
    assert run(**words, COMP_WORDS="keyfob fob pr", COMP_CWORD="2")[1].split() == ["press"]
    assert run(**words, COMP_WORDS="keyfob fob press d", COMP_CWORD="3")[1].split() == ["desk"]


def test_mistakes_go_to_standard_error_with_their_status(run):
    status, out, err = run("fob", "press", "pocket")
    assert (status, out) == (1, "")
    assert re.fullmatch(r"keyfob: there is no fob 'pocket' in .*\n", err)
    assert run("--loud") == (2, "", "keyfob: No such option: --loud (see 'keyfob --help')\n")
    assert run("fbo") == (2, "", "keyfob: No such command 'fbo'. Did you mean 'fob'? (see 'keyfob --help')\n")


def test_json_goes_to_standard_output_alone(run):
    status, out, err = run("fob", "new", "desk", "--drift-ppm", "4", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["tolerance_ppm"] == 4.0


def test_interrupt_ends_quietly_with_status_130(home, tmp_path):
    command = [KEYFOB, "fob", "new", "desk", "--uri", "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home
    )
    key = tmp_path / "config/keyfob/keys/fob.key"
    give_up_at = time.monotonic() + 30
    while not key.exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 130


def test_interrupt_while_commands_are_loaded_ends_quietly_too(run, plugin):
    path = plugin("slow", "import os, signal\n\ndef register(app): os.kill(os.getpid(), signal.SIGINT)\n")
    assert run("--version", PYTHONPATH=path) == (130, "", "")


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("fob", "list", "--json"), ("unflushed",)]
)
def test_closed_pipe_is_no_reason_to_complain(home, plugin, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [KEYFOB, *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=home | {"PYTHONPATH": plugin("greeter", PLUGIN)},
        check=False,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (1, b"")


def test_installed_package_adds_its_commands(run, plugin):
    path = plugin("greeter", PLUGIN)
    assert run("greet", PYTHONPATH=path) == (0, "hello\n", "")


def test_package_that_cannot_be_loaded_leaves_the_others(run, plugin):
    path = plugin("broken", "import no_such_package")
    status, out, err = run("--version", PYTHONPATH=path)
    assert (status, out) == (0, f"keyfob {version('keyfob')}\n")
    assert err == "keyfob: the commands of broken:register are missing: No module named 'no_such_package'\n"


def test_missing_extra_says_which_to_install(run, plugin):
    status, out, err = run("extra", PYTHONPATH=plugin("greeter", PLUGIN))
    assert (status, out) == (1, "")
    assert err == (
        "keyfob: this needs the extra 'server' (no_such_package is missing): pip install 'keyfob[server]'\n"
    )


def test_refusal_of_the_system_is_one_line(run, plugin):
    assert run("disk", PYTHONPATH=plugin("greeter", PLUGIN)) == (
        1,
        "",
        "keyfob: /no/such/file: No such file or directory\n",
    )


def test_fault_in_keyfob_is_a_traceback_without_local_values(run, plugin):
    status, _, err = run("bug", PYTHONPATH=plugin("greeter", PLUGIN))
    assert status == 1
    assert err.startswith("Traceback (most recent call last):")
    assert "AssertionError: 16" in err
    assert "GEZDGNBVGY3TQOJQ" not in err


def test_main_takes_arguments_and_gives_the_status(capsys):
    assert main(["--version"]) == 0
    assert main(["--loud"]) == 2
    assert capsys.readouterr() == (
        f"keyfob {version('keyfob')}\n",
        "keyfob: No such option: --loud (see 'keyfob --help')\n",
    )
