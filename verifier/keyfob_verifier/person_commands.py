"""`keyfob person …`: who may sign in to the console, on the installation of this machine."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.extras import needs_extra
from keyfob.output import JsonOption, YesOption, confirm, format_time, printer
from keyfob_verifier.local import DatabaseOption, KekOption, TenantOption, local_installation
from keyfob_verifier.serial import check_serial

if TYPE_CHECKING:
    from keyfob_verifier.people import Person

MOST_BYTES = 65_536

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="How the person signs in.")]
PasswordFileOption = Annotated[
    typer.FileBinaryRead | None,
    typer.Option(
        "--password-file",
        help="Read the password from this file, or - for standard input; asked for on the terminal unless given.",
    ),
]

people = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)


@people.command()
def add(
    name: NameArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    token: Annotated[
        str,
        typer.Option(
            metavar="SERIAL", callback=check_serial, help="Their active token, which is theirs alone then."
        ),
    ],
    role: Annotated[
        str, typer.Option(help="What they may do: a built-in role, or one that `keyfob role create` made.")
    ],
    password_file: PasswordFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a person, who signs in with a password of 12 characters or more and the codes of their token."""
    with needs_extra("server"):
        from keyfob_verifier.service.passwords import Passwords
        from keyfob_verifier.service.people import NewPerson
        from keyfob_verifier.service.people import add as add_person
    password = _password(password_file)
    with local_installation(database_url, keks, tenant) as local:
        wanted = NewPerson(name, role, token, password)
        person = add_person(local.context, Passwords(), local.tenant_id, local.actor, wanted)
    printer(as_json).record(_row(person))


@people.command("list")
def list_people(
    database_url: DatabaseOption, keks: KekOption, tenant: TenantOption, as_json: JsonOption = False
) -> None:
    """List the people of a tenant by name."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.people import everybody

        found = everybody(local.context, local.tenant_id)
    printer(as_json).rows([_row(person) for person in found], if_none="Nobody was entered.")


@people.command()
def disable(
    name: NameArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    yes: YesOption = False,
) -> None:
    """End a person's sessions and let them sign in no more; on a terminal, once that is confirmed."""
    confirm(f"Disable {name} for good?", yes)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.people import disable as disable_person

        disable_person(local.context, local.tenant_id, local.actor, name)


@people.command()
def password(
    name: NameArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    password_file: PasswordFileOption = None,
) -> None:
    """Give a person another password, which ends their sessions."""
    with needs_extra("server"):
        from keyfob_verifier.service.passwords import Passwords
        from keyfob_verifier.service.people import set_password
    new = _password(password_file)
    with local_installation(database_url, keks, tenant) as local:
        set_password(local.context, Passwords(), local.tenant_id, local.actor, name=name, password=new)


def _password(file: typer.FileBinaryRead | None) -> str:
    """The first line of a file, or what is typed twice on the terminal, where nobody sees it."""
    if file is not None:
        try:
            return file.readline(MOST_BYTES).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise typer.BadParameter("it is no text in UTF-8", param_hint="--password-file") from None
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask on: name a file, or - for standard input",
            param_hint="--password-file",
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _row(person: "Person") -> dict[str, object]:
    disabled_at = person.disabled_at
    return {
        "name": person.name,
        "role": person.role,
        "token": person.serial,
        "created_at": format_time(person.created_at),
        "disabled_at": None if disabled_at is None else format_time(disabled_at),
    }
