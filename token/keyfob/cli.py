"""The command `keyfob`: every package adds its own commands through the entry-point group `keyfob.commands`.

An entry point names a function `register(app: typer.Typer) -> None`. It is called at every start, so it imports
nothing heavy: a command imports what it needs when it runs (see `keyfob.extras` for what may not be installed).
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from typing import Annotated

import typer
from typer.main import get_command

from keyfob.errors import KeyfobError
from keyfob.output import complain

COMMAND_GROUP = "keyfob.commands"

MISTAKE = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command: a mistake becomes one line on standard error, a fault in keyfob stays a traceback.

    Args:
        arguments: what follows `keyfob` on the command line; None takes them from there.

    Returns:
        The exit status: 0, 1 after a mistake, 2 after one in the command line itself, 130 after Ctrl-C.
    """
    try:
        # not application()(): that way Typer would have a fault show local variables, and so seeds
        status = get_command(application()).main(arguments, prog_name="keyfob", standalone_mode=False)
        sys.stdout.flush()
    except KeyfobError as error:
        complain(str(error))
        return MISTAKE
    except typer.TyperException as error:
        complain(_usage(error))
        return error.exit_code
    except BrokenPipeError:
        _drop_output()
        return MISTAKE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return MISTAKE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def application() -> typer.Typer:
    """The command line with the commands of every installed package."""
    app = typer.Typer(
        name="keyfob",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_keyfob)
    for entry in sorted(entry_points(group=COMMAND_GROUP)):
        try:
            register = entry.load()
        except ImportError as error:
            complain(f"the commands of {entry.value} are missing: {error}")
        else:
            register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keyfob {version('keyfob')}")
        raise typer.Exit


def _keyfob(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    """TOTP hardware tokens: simulated key fobs with drifting clocks, and a verifier that follows them."""


def _usage(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None or not message:
        return message
    return f"{message.rstrip('.')} (see '{context.command_path} --help')"


def _drop_output() -> None:
    """Lets the interpreter flush what nobody reads any more (`signal`, note on SIGPIPE in Python's manual)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
