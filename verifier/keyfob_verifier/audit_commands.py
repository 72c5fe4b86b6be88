"""`keyfob audit …`: the record of this machine's installation: read, verified, signed, handed out, pruned."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.extras import needs_extra
from keyfob.output import JsonOption, YesOption, confirm, format_time, printer
from keyfob_verifier.local import DatabaseOption, KekOption, TenantOption, local_installation
from keyfob_verifier.serial import check_serial

if TYPE_CHECKING:
    from keyfob_verifier.audit.checkpoint import SignedCheckpoint
    from keyfob_verifier.service.proof import Verification


def _time(text: str) -> float:
    """A Unix time, or ISO 8601, in UTC unless it says otherwise."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a time looks like 2026-03-01, 2026-03-01T12:00:00Z or 1772366400") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


SinceOption = Annotated[
    float | None,
    typer.Option(
        parser=_time, metavar="TIME", help="Only entries of this moment or later, such as 2026-03-01."
    ),
]
UntilOption = Annotated[
    float | None, typer.Option(parser=_time, metavar="TIME", help="Only entries before this moment.")
]

audit = typer.Typer(
    name="audit",
    help="Read the record of who did what, prove that it is whole, and keep it within bounds.",
    no_args_is_help=True,
)


@audit.command("list")
def list_entries(
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    serial: Annotated[str | None, typer.Option(help="Only those of this token.")] = None,
    action: Annotated[str | None, typer.Option(help="Only those of this action, such as validate.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List the newest entries of the record, newest first."""
    of_token = None if serial is None else check_serial(serial)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.record import Wanted, page

        wanted = Wanted(local.tenant_id, serial=of_token, action=action, since=since, until=until)
        entries = page(local.context, wanted, limit)
    rows = [{**asdict(entry), "at": format_time(entry.at)} for entry in entries]
    printer(as_json).rows(rows, if_none="There are no such entries.")


@audit.command()
def export(
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's entries; all unless told.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Print the record as lines of JSON that somebody else can verify: the chains' beginnings, then the entries."""
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.service.record import Wanted
        from keyfob_verifier.service.record import export as lines

        for line in lines(local.context.store, Wanted(tenant, since=since, until=until)):
            sys.stdout.write(f"{line}\n")


@audit.command()
def checkpoint(
    database_url: DatabaseOption,
    keks: KekOption,
    to: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="Put it into this new file, or send it there by HTTP POST."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign where the record stands now; keep that where nobody who could change the database can reach it."""
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.service.checkpoints import checkpoint as sign
        from keyfob_verifier.service.delivery import deliver

        signed = sign(local.context)
    if to is not None:
        deliver(signed, to)
    printer(as_json).record(_shown(signed) | ({} if to is None else {"put_to": to}))


@audit.command("public-key")
def public_key(database_url: DatabaseOption, keks: KekOption, as_json: JsonOption = False) -> None:
    """Print the public key that proves checkpoints; keep it with them, and give it to `keyfob audit verify`."""
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.audit.signing import fingerprint
        from keyfob_verifier.service.checkpoints import public_key as signing_key

        key = signing_key(local.context)
    if as_json:
        printer(as_json).record({"public_key": key.hex(), "fingerprint": fingerprint(key)})
    else:
        typer.echo(key.hex())


@audit.command()
def verify(
    database_url: DatabaseOption,
    keks: KekOption,
    against: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            help="A checkpoint that was kept elsewhere: prove that nothing before it is missing or changed."
        ),
    ] = None,
    public_keys: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key",
            metavar="FILE|HEX",
            help="Trust this key's signatures and no others; then no key-encryption key is needed. May be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify that no entry of the record was changed, removed or moved; exits with 1 and names the first that was."""
    with needs_extra("server"):
        from keyfob_verifier.audit.checkpoint import MAX_DOCUMENT_BYTES, parse_checkpoint
        from keyfob_verifier.service.proof import count_entries, require_sound, verify_record
    kept = None if against is None else parse_checkpoint(against.read(MAX_DOCUMENT_BYTES + 1))
    pinned = [_public_key(text) for text in public_keys or ()]
    if pinned:
        from keyfob_verifier.store.database import open_database

        store = open_database(database_url)
        try:
            with _progress("entries", count_entries(store)) as advance:
                found = verify_record(store, pinned, kept, advance)
        finally:
            store.close()
    else:
        with local_installation(database_url, keks) as local:
            store = local.context.store
            with _progress("entries", count_entries(store)) as advance:
                found = verify_record(store, local.context.keyring.keks, kept, advance)
    _print_verification(found, as_json)
    if as_json and found.findings:
        raise typer.Exit(1)
    require_sound(found)


@audit.command()
def prune(
    before: Annotated[
        float, typer.Option(parser=_time, metavar="TIME", help="Remove what is older, such as 2026-03-01.")
    ],
    database_url: DatabaseOption,
    keks: KekOption,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove the oldest entries of all tenants, for good; what is left stays provable. Export them first."""
    with needs_extra("server"):
        from keyfob_verifier.audit.errors import PruneUnconfirmedError
        from keyfob_verifier.service.retention import prune as remove
    if not yes and not sys.stdin.isatty():
        raise PruneUnconfirmedError
    confirm(f"Remove every entry from before {format_time(before)} for good?", yes)
    with local_installation(database_url, keks) as local, _progress("entries removed", None) as advance:
        removed = remove(local.context, local.tenant_id, local.actor, before, advance=advance)
    printer(as_json).record({"removed": removed, "before": format_time(before)})


def _public_key(text: str) -> bytes:
    from keyfob_verifier.audit.errors import InvalidPublicKeyError
    from keyfob_verifier.audit.signing import parse_public_key

    try:
        return parse_public_key(text)
    except InvalidPublicKeyError:
        try:
            return parse_public_key(Path(text).read_text("ascii"))
        except (OSError, ValueError):
            raise InvalidPublicKeyError from None


def _shown(signed: "SignedCheckpoint") -> dict[str, object]:
    made = signed.checkpoint
    return {
        "number": made.number,
        "at": format_time(made.at_s),
        "chains": made.state.heads[-1].chain_id,
        "installation": made.installation.hex(),
        "fingerprint": made.key,
    }


def _print_verification(found: "Verification", as_json: bool) -> None:
    faults: list[dict[str, object]] = [
        {
            "fault": finding.fault.value,
            "chain": finding.chain_id,
            "sequence": finding.sequence,
            "at": None if finding.at is None else format_time(finding.at),
            "what": finding.what,
        }
        for finding in found.findings
    ]
    summary: dict[str, object] = {
        "sound": not faults,
        "entries": found.entries,
        "newest_checkpoint": None if found.checkpoint is None else found.checkpoint.checkpoint.number,
        "against_checkpoint": None if found.against is None else found.against.checkpoint.number,
    }
    if as_json:
        printer(as_json).record(summary | {"findings": faults})
        return
    printer(as_json).record(summary)
    printer(as_json).rows(faults, if_none="Every entry is as it was written.")


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[Callable[[int], object]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda more: progress.advance(task, more)
