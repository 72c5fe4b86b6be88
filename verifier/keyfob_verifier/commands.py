"""The verifier's commands, all but their families in files of their own. Each imports what it needs when it runs."""

from typing import Annotated

import typer

from keyfob import SystemClock
from keyfob.extras import needs_extra
from keyfob.output import JsonOption, printer
from keyfob_verifier import backup_commands
from keyfob_verifier.api_key_commands import api_keys
from keyfob_verifier.audit_commands import audit
from keyfob_verifier.key_commands import keys
from keyfob_verifier.local import (
    CodeArgument,
    DatabaseOption,
    KekOption,
    QuestionOption,
    SerialArgument,
    TenantOption,
    challenge_of,
    local_installation,
    report,
)
from keyfob_verifier.person_commands import people
from keyfob_verifier.role_commands import roles
from keyfob_verifier.serve_commands import serve
from keyfob_verifier.support_commands import support
from keyfob_verifier.tenant_commands import tenants
from keyfob_verifier.token_commands import tokens


def register(app: typer.Typer) -> None:
    """Adds the verifier's commands."""
    app.command("init")(_init)
    app.command("serve")(serve)
    app.command("validate")(_validate)
    backup_commands.register(app)
    app.add_typer(tokens, name="token")
    app.add_typer(support, name="support")
    app.add_typer(api_keys, name="api-key")
    app.add_typer(roles, name="role")
    app.add_typer(tenants, name="tenant")
    app.add_typer(people, name="person")
    app.add_typer(keys, name="keys")
    app.add_typer(audit, name="audit")


def _init(
    database_url: DatabaseOption,
    keks: KekOption,
    test: Annotated[
        bool,
        typer.Option("--test", help="Make a test database: only `keyfob serve --test-clock` opens it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a database, its key-encryption key and a first API key, which is shown this once."""
    with needs_extra("server"):
        from keyfob_verifier.keys.provider import shown_kek
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import initialise
        from keyfob_verifier.store.database import shown
    purpose = Purpose.TEST if test else Purpose.PRODUCTION
    if len(keks) > 1:
        raise typer.BadParameter("a new installation has one key-encryption key", param_hint="--kek")
    api_key = initialise(database_url, keks[0], purpose, SystemClock())
    places = {"database": shown(database_url), "kek": shown_kek(keks[0])}
    if as_json:
        printer(as_json).record(places | {"api_key": api_key})
        return
    printer(as_json).record(places)
    typer.echo("Keep a copy of that key apart from your backups: without it no seed opens.")
    typer.echo(f"The API key, which is stored nowhere and never shown again:\n{api_key}")


def _validate(
    serial: SerialArgument,
    code: CodeArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    question: QuestionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a code, and say why it was refused. Exits with 1 unless it was accepted."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.verification import Attempt, verify

        now = local.context.guard.moment()
        attempt = Attempt(
            local.tenant_id,
            local.actor,
            serial,
            " ".join(code),
            now.at,
            steady_at=now.steady_at,
            learns=now.learns,
            challenge=challenge_of(question),
        )
        (outcome,) = verify(local.context, [attempt])
    report(outcome, as_json)
