"""The commands that the simulated fob adds to `keyfob`: one line for each family."""

import typer

from keyfob_firmware import demo_commands, fob_family


def register(app: typer.Typer) -> None:
    """Adds them; called at every start of `keyfob`."""
    fob_family.register(app)
    demo_commands.register(app)
