"""The verifier's commands, all but their families in files of their own. Each imports what it needs when it runs."""

from typing import Annotated

import typer

from keyfob import SystemClock, VirtualClock
from keyfob.extras import needs_extra
from keyfob.output import JsonOption, printer
from keyfob_verifier.local import (
    CodeArgument,
    DatabaseOption,
    KekOption,
    SerialArgument,
    local_installation,
    report,
)
from keyfob_verifier.support_commands import support
from keyfob_verifier.token_commands import tokens

api_keys = typer.Typer(help="Keys for those who call the verifier over HTTP.", no_args_is_help=True)


def _complete_policy(incomplete: str) -> list[str]:
    from keyfob_verifier.decide.policies import POLICIES

    return [name for name in POLICIES if name.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    """Adds the verifier's commands."""
    app.command("init")(_init)
    app.command("serve")(_serve)
    app.command("validate")(_validate)
    app.add_typer(tokens, name="token")
    app.add_typer(support, name="support")
    app.add_typer(api_keys, name="api-key")


def _init(
    database_url: DatabaseOption,
    kek_file: KekOption,
    test: Annotated[
        bool,
        typer.Option("--test", help="Make a test database: only `keyfob serve --test-clock` opens it."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a database, its key-encryption key and a first API key, which is shown this once."""
    with needs_extra("server"):
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import initialise
        from keyfob_verifier.store.database import shown
    purpose = Purpose.TEST if test else Purpose.PRODUCTION
    api_key = initialise(database_url, kek_file, purpose, SystemClock())
    places = {"database": shown(database_url), "kek_file": str(kek_file)}
    if as_json:
        printer(as_json).record(places | {"api_key": api_key})
        return
    printer(as_json).record(places)
    typer.echo("Keep a copy of the key file apart from your backups: without it no seed opens.")
    typer.echo(f"The API key, which is stored nowhere and never shown again:\n{api_key}")


@api_keys.command("create")
def _create_api_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as the caller's name.")],
    database_url: DatabaseOption,
    kek_file: KekOption,
    as_json: JsonOption = False,
) -> None:
    """Make one more API key, which is shown this once."""
    with local_installation(database_url, kek_file) as local:
        from keyfob_verifier.service.api_keys import issue_api_key

        api_key = issue_api_key(local.context, local.tenant_id, local.actor, name)
    if as_json:
        printer(as_json).record({"name": name, "api_key": api_key})
    else:
        typer.echo(f"It is stored nowhere and never shown again:\n{api_key}")


def _serve(
    database_url: DatabaseOption,
    kek_file: KekOption,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    policy: Annotated[
        str,
        typer.Option(
            help="Window policy: credible follows each token's drift, fixed is RFC 6238's plain ±1.",
            autocompletion=_complete_policy,
        ),
    ] = "credible",
    test_clock: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1e12,
            metavar="UNIX_TIME",
            help="For tests: start at this time and stand still until PUT /v1/test-clock moves it. "
            "Needs a loopback address and a database made by `keyfob init --test`.",
        ),
    ] = None,
) -> None:
    """Serve the verifier over HTTP until it is stopped."""
    with needs_extra("server"):
        from keyfob_verifier.api.app import create_app
        from keyfob_verifier.api.serve import listen, require_loopback, serve
        from keyfob_verifier.decide.policies import POLICIES
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import open_installation
    if policy not in POLICIES:
        raise typer.BadParameter(f"choose one of {', '.join(POLICIES)}", param_hint="--policy")
    if test_clock is not None:
        require_loopback(host)
    purpose = Purpose.PRODUCTION if test_clock is None else Purpose.TEST
    clock = SystemClock() if test_clock is None else VirtualClock(test_clock)
    with listen(host, port) as listener:
        context = open_installation(database_url, kek_file, purpose, clock, policy=policy)
        serve(create_app(context), listener, lambda url: typer.echo(f"keyfob verifier listening on {url}"))


def _validate(
    serial: SerialArgument,
    code: CodeArgument,
    database_url: DatabaseOption,
    kek_file: KekOption,
    as_json: JsonOption = False,
) -> None:
    """Check a code, and say why it was refused. Exits with 1 unless it was accepted."""
    with local_installation(database_url, kek_file) as local:
        from keyfob_verifier.service.verification import Attempt, verify

        attempt = Attempt(local.tenant_id, local.actor, serial, " ".join(code), local.context.clock.now())
        (outcome,) = verify(local.context, [attempt])
    report(outcome, as_json)
