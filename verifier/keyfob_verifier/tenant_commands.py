"""`keyfob tenant …`: those who share the installation of this machine and see nothing of each other."""

from dataclasses import asdict
from typing import Annotated

import typer

from keyfob.output import JsonOption, format_time, printer
from keyfob_verifier.local import DatabaseOption, KekOption, local_installation

tenants = typer.Typer(
    help="Those who share the installation and see nothing of each other.", no_args_is_help=True
)


@tenants.command()
def create(
    tenant_id: Annotated[
        str, typer.Argument(metavar="ID", help="Lower-case letters, digits and hyphens; it stays.")
    ],
    database_url: DatabaseOption,
    keks: KekOption,
    name: Annotated[str | None, typer.Option(help="As people know it; the id unless told.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a tenant with a data key of its own and a first API key, which is shown this once."""
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.service.tenants import create_tenant

        shown = tenant_id if name is None else name
        api_key = create_tenant(local.context, local.actor, tenant_id, shown)
    if as_json:
        printer(as_json).record({"id": tenant_id, "name": shown, "api_key": api_key})
        return
    printer(as_json).record({"id": tenant_id, "name": shown})
    typer.echo(f"Its first API key, which is stored nowhere and never shown again:\n{api_key}")


@tenants.command("list")
def list_tenants(database_url: DatabaseOption, keks: KekOption, as_json: JsonOption = False) -> None:
    """List the tenants by id."""
    with local_installation(database_url, keks) as local:
        from keyfob_verifier.service.tenants import every_tenant

        found = every_tenant(local.context)
    rows = [asdict(tenant) | {"created_at": format_time(tenant.created_at)} for tenant in found]
    printer(as_json).rows(rows, if_none="There are no tenants.")
