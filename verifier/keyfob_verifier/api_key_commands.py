"""`keyfob api-key …`: keys for those who call the verifier over HTTP, on the installation of this machine."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, format_time, printer
from keyfob.quantities import DAY_S
from keyfob_verifier.local import DatabaseOption, KekOption, TenantOption, local_installation

if TYPE_CHECKING:
    from keyfob_verifier.records import ApiKeyRecord
    from keyfob_verifier.service.api_keys import IssuedApiKey

PAGE = 500
HOUR_S = 3600.0

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's public id, as the list shows it.")]
LifeOption = Annotated[
    float, typer.Option("--expires-in-days", min=0.01, max=36500.0, help="How long the key is good for.")
]
NeverOption = Annotated[bool, typer.Option("--never-expires", help="Make the key good until it is revoked.")]

api_keys = typer.Typer(help="Keys for those who call the verifier over HTTP.", no_args_is_help=True)


@api_keys.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as the caller's name.")],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    role: Annotated[
        str, typer.Option(help="What it allows: a built-in role, or one that `keyfob role create` made.")
    ] = "admin",
    expires_in_days: LifeOption = 365.0,
    never_expires: NeverOption = False,
    address: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RANGE",
            help="A range that it may be used from, such as 192.0.2.0/24 or 2001:db8::/32; may be given again.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key, which is shown this once."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.api_keys import NewApiKey, issue_api_key

        life_s = None if never_expires else expires_in_days * DAY_S
        wanted = NewApiKey(name, role, life_s, tuple(address or ()))
        issued = issue_api_key(local.context, local.caller, wanted)
    _print_issued(issued, as_json)


@api_keys.command("list")
def list_keys(
    database_url: DatabaseOption, keks: KekOption, tenant: TenantOption, as_json: JsonOption = False
) -> None:
    """List API keys, without what proves them."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.api_keys import page

        found = batch = page(local.context, local.tenant_id, "", PAGE)
        while len(batch) == PAGE:
            batch = page(local.context, local.tenant_id, batch[-1].id, PAGE)
            found = found + batch
    rows = [_shown(record) for record in found]
    printer(as_json).rows(rows, if_none="There are no API keys: keyfob api-key create NAME makes one.")


@api_keys.command()
def rotate(
    key_id: IdArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    overlap_hours: Annotated[
        float, typer.Option("--overlap", min=0.0, max=8760.0, help="How many hours the old key stays good.")
    ] = 24.0,
    expires_in_days: LifeOption = 365.0,
    never_expires: NeverOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a key of the same name, role and ranges in the place of one that soon ends; it is shown this once."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.api_keys import rotate_api_key

        life_s = None if never_expires else expires_in_days * DAY_S
        issued = rotate_api_key(local.context, local.caller, key_id, overlap_hours * HOUR_S, life_s)
    _print_issued(issued, as_json)


@api_keys.command()
def revoke(
    key_id: IdArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Revoke an API key for good; running verifiers refuse it within five seconds."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.api_keys import revoke_api_key

        revoked = revoke_api_key(local.context, local.caller, key_id)
    printer(as_json).record(_shown(revoked))


def _print_issued(issued: "IssuedApiKey", as_json: bool) -> None:
    shown = _shown(issued.record)
    if as_json:
        printer(as_json).record(shown | {"api_key": issued.api_key})
        return
    printer(as_json).record(shown)
    typer.echo(f"The key is stored nowhere and never shown again:\n{issued.api_key}")


def _shown(record: "ApiKeyRecord") -> dict[str, object]:
    return {
        "id": record.id,
        "name": record.name,
        "role": record.role,
        "state": _state(record),
        "addresses": record.addresses,
        "created_at": _moment(record.created_at),
        "expires_at": _moment(record.expires_at),
        "last_used_at": _moment(record.last_used_at),
    }


def _state(record: "ApiKeyRecord") -> str:
    if record.revoked_at is not None:
        return "revoked"
    return "good" if record.expires_at is None or time.time() < record.expires_at else "expired"


def _moment(at: float | None) -> str | None:
    return None if at is None else format_time(at)
