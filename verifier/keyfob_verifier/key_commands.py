"""`keyfob keys …`: the keys above the seeds, looked at and changed, beside a running verifier or without one."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.extras import needs_extra
from keyfob.output import JsonOption, format_time, printer
from keyfob.quantities import DAY_S
from keyfob_verifier.local import DatabaseOption, KekOption, local_installation, local_keys

if TYPE_CHECKING:
    from keyfob_verifier.service.kek_rotation import Watch
    from keyfob_verifier.service.key_status import DataKeyStatus

GIVE_WAY_S = 0.02
"""Between two batches, so that a verifier on the same database gets its turn."""

keys = typer.Typer(help="The keys above the seeds: look at them and change them.", no_args_is_help=True)
rotate = typer.Typer(help="Change a key, beside a running verifier.", no_args_is_help=True)
keys.add_typer(rotate, name="rotate")


@keys.command()
def generate(
    database_url: DatabaseOption,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="KEK",
            help="Make it here instead: a new file, or a key in an HSM. It is not printed then.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key-encryption key, which is printed this once, for an environment variable."""
    with needs_extra("server"):
        from keyfob import SealingKey
        from keyfob_verifier.keys.environment import to_text
        from keyfob_verifier.keys.provider import prepare_kek
        from keyfob_verifier.service.installation import database_directory
    if to is not None:
        made = prepare_kek(to, database_directory(database_url))()
        printer(as_json).record({"kek": made.kek_id, "where": made.source})
        return
    key = SealingKey.generate()
    if as_json:
        printer(as_json).record({"kek": key.key_id, "text": to_text(key)})
    else:
        typer.echo(
            "Put it into a variable that only the verifier gets, keep a copy apart from your backups, and"
        )
        typer.echo(
            f"name it with --kek env:NAME. It is stored nowhere and never shown again:\n{to_text(key)}"
        )


@keys.command()
def status(database_url: DatabaseOption, keks: KekOption, as_json: JsonOption = False) -> None:
    """Show the data keys, what they are wrapped under, whether they open, and what to do."""
    with local_keys(database_url, keks) as local:
        from keyfob_verifier.service.key_status import key_status, signing_key_advice

        current = local.context.keyring.keks.current
        now = local.context.clock.now()
        found = [_row(key, now) for key in key_status(local.context)]
        signing = signing_key_advice(local.context)
    if as_json:
        told = {"kek": current.kek_id, "where": current.source, "data_keys": found}
        printer(as_json).record(told | {"signing_key_advice": signing or None})
    else:
        typer.echo(f"The key-encryption key in use is {current.kek_id}, {current.source}.")
        printer(as_json).rows(found, if_none="There are no data keys: restore the database from a backup.")
        if signing:
            typer.echo(f"The key that signs the record's checkpoints: {signing}.")


@rotate.command("kek")
def rotate_kek(
    database_url: DatabaseOption,
    keks: KekOption,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="KEK", help="The new one; a file or a key in an HSM is made if need be."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Wrap every data key under another key-encryption key. Run it again if it was halted.

    Exits with 1 where data keys do not open, so that they were left as they are. Verifiers that run meanwhile should know both: keyfob serve --kek OLD --kek NEW.
    """
    with local_keys(database_url, keks) as local:
        from keyfob_verifier.keys.provider import open_or_make_kek
        from keyfob_verifier.service.installation import database_directory
        from keyfob_verifier.service.kek_rotation import rotate_kek as rotate_to

        new = open_or_make_kek(to, database_directory(database_url))
        with _watching("Wrapping data keys", as_json) as watch:
            done = rotate_to(local.context, local.actor, local.tenant_id, new, watch)
    printer(as_json).record(
        {
            "kek": new.kek_id,
            "where": new.source,
            "wrapped": done.wrapped,
            "unusable": _listed(done.unusable, as_json),
        }
    )
    if done.unusable:
        raise typer.Exit(1)
    if not as_json:
        typer.echo(
            "From now on name it with --kek; keep the old one as long as you keep backups from before."
        )


@rotate.command("data")
def rotate_data(
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this tenant's; every tenant's if absent.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make new data keys, seal every seed with them, and delete the old ones. Run it again if it was halted.

    Exits with 1 where seeds do not open, so that they and their old data key were left as they are.
    """
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.service.key_rotation import rotate_data_keys

        with _watching("Sealing seeds", as_json) as watch:
            done = rotate_data_keys(local.context, local.actor, tenant, watch)
    printer(as_json).record(
        {
            "resumed": done.resumed,
            "tenants": done.tenants,
            "resealed": done.resealed,
            "deleted": done.deleted,
            "unusable": _listed(done.unusable, as_json),
        }
    )
    if done.unusable:
        raise typer.Exit(1)


def _row(key: "DataKeyStatus", now: float) -> dict[str, object]:
    return {
        "tenant": key.tenant_id,
        "data_key": key.key_id,
        "created": format_time(key.created_at),
        "age_days": round((now - key.created_at) / DAY_S, 1),
        "kek": key.kek_id,
        "seeds": key.seeds,
        "seals_new": key.is_newest,
        "opens": key.opens,
        "advice": key.advice or None,
    }


def _listed(names: Sequence[str], as_json: bool) -> object:
    return list(names) if as_json else ", ".join(names) or None


@contextmanager
def _watching(what: str, as_json: bool) -> Iterator["Watch"]:
    """A progress bar for people; between two batches, everybody else's turn."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=as_json or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def watch(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            time.sleep(GIVE_WAY_S)

        yield watch
