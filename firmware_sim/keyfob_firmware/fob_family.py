"""`keyfob fob`: simulated fobs kept in files, from the command line. One line for each group of its commands.

What a command needs is imported when it runs, so that `keyfob --help` stays quick.
"""

import typer

from keyfob_firmware import (
    bench_commands,
    fleet_commands,
    fob_commands,
    fob_fate_commands,
    fob_hand_commands,
    fob_look_commands,
    fob_new_commands,
)

GROUPS = (
    fob_new_commands,
    fob_commands,
    fob_hand_commands,
    fob_look_commands,
    fob_fate_commands,
    bench_commands,
    fleet_commands,
)


def register(app: typer.Typer) -> None:
    """Adds `keyfob fob` and its commands."""
    family = typer.Typer(no_args_is_help=True, help="Simulated key fobs, kept in files.")
    for group in GROUPS:
        group.register(family)
    app.add_typer(family, name="fob")
