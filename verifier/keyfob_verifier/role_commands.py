"""`keyfob role …`: what API keys and people may do, on the installation of this machine."""

from typing import Annotated

import typer

from keyfob.output import JsonOption, YesOption, confirm, printer
from keyfob_verifier.access import BUILT_IN_ROLES, Permission, Role
from keyfob_verifier.local import DatabaseOption, KekOption, TenantOption, local_installation

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and hyphens, such as help-desk.")
]

roles = typer.Typer(
    help="What API keys and people may do: the built-in roles, and a tenant's own.", no_args_is_help=True
)


@roles.command()
def create(
    name: NameArgument,
    permission: Annotated[
        list[Permission], typer.Option(help="What it allows; may be given again.", show_default=False)
    ],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Make a role of named permissions."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.roles import create_role

        role = create_role(local.context, local.caller, name, frozenset(permission))
    printer(as_json).record(_shown(role, as_json))


@roles.command("list")
def list_roles(
    database_url: DatabaseOption, keks: KekOption, tenant: TenantOption, as_json: JsonOption = False
) -> None:
    """List the built-in roles and the tenant's own, with what they allow."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.roles import every_role

        found = every_role(local.context, local.tenant_id)
    printer(as_json).rows([_shown(role, as_json) for role in found], if_none="")


@roles.command()
def delete(
    name: NameArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a role that no API key and nobody has; on a terminal, once that is confirmed."""
    confirm(f"Delete the role {name}?", yes)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.roles import delete_role

        delete_role(local.context, local.caller, name)
    printer(as_json).record({"name": name, "deleted": True})


def _shown(role: Role, as_json: bool) -> dict[str, object]:
    allowed = sorted(role.permissions)
    return {
        "name": role.name,
        "built_in": role.name in BUILT_IN_ROLES,
        "permissions": allowed if as_json else " ".join(allowed),
    }
