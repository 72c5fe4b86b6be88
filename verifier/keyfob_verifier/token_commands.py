"""`keyfob token …`: tokens from enrolment to revocation, on the installation of this machine."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, YesOption, confirm, format_time, printer
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
from keyfob_verifier.token_enrol_commands import enrol

if TYPE_CHECKING:
    from keyfob_verifier.service.inspection import TokenView

PAGE = 500

_DRIFT = ("offset_s", "offset_sd_s", "rate_ppm", "rate_sd_ppm")

tokens = typer.Typer(
    name="token",
    help="Enrol tokens, look at them, resynchronize and revoke them.",
    no_args_is_help=True,
)


tokens.command()(enrol)


@tokens.command()
def activate(
    serial: SerialArgument,
    code: CodeArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    question: QuestionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Activate a token with its first code."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import lifecycle

        outcome = lifecycle.activate(
            local.context,
            local.tenant_id,
            local.actor,
            serial,
            " ".join(code),
            challenge=challenge_of(question),
        )
    report(outcome, as_json)


@tokens.command()
def resync(
    serial: SerialArgument,
    first_code: Annotated[str, typer.Argument(help="A code that the fob shows.")],
    second_code: Annotated[str, typer.Argument(help="The code that it shows next.")],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    question: QuestionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a token's clock or counter again with two consecutive codes."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import lifecycle

        codes = (first_code, second_code)
        outcome = lifecycle.resync(
            local.context, local.tenant_id, local.actor, serial, codes, challenge=challenge_of(question)
        )
    report(outcome, as_json)


@tokens.command()
def ask(
    serial: SerialArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Ask an ocra token a new question, for its holder to type. The answer goes to activate or validate."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import questions

        asked = questions.ask(local.context, local.tenant_id, local.actor, serial)
    if asked.fault is not None:
        raise asked.fault
    printer(as_json).record({"question": asked.question, "open_s": asked.open_s})


@tokens.command()
def show(
    serial: SerialArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Show a token's state, with its drift or its next counter."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.inspection import show as show_token

        shown = show_token(local.context, local.tenant_id, serial)
    record = _flat(shown)
    printer(as_json).record(record if as_json else _told(record))


@tokens.command("list")
def list_tokens(
    database_url: DatabaseOption, keks: KekOption, tenant: TenantOption, as_json: JsonOption = False
) -> None:
    """List the tokens by serial."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.inspection import page

        found = batch = page(local.context, local.tenant_id, "", PAGE)
        while len(batch) == PAGE:
            batch = page(local.context, local.tenant_id, batch[-1].serial, PAGE)
            found = found + batch
    rows = [_row(shown) for shown in found]
    if not as_json:
        rows = _filled(rows)
    printer(as_json).rows(rows, if_none="There are no tokens: keyfob token enrol ACCOUNT makes one.")


@tokens.command()
def revoke(
    serial: SerialArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Revoke a token for good; on a terminal, once that is confirmed."""
    confirm(f"Revoke {serial} for good?", yes)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import lifecycle

        revoked = lifecycle.revoke(local.context, local.tenant_id, local.actor, serial)
    printer(as_json).record({"serial": revoked.serial, "status": revoked.status.value})


def _flat(shown: "TokenView") -> dict[str, object]:
    record = asdict(shown)
    drift = record.pop("drift") or dict.fromkeys(_DRIFT)
    for moment in ("created_at", "activated_at", "revoked_at"):
        record[moment] = None if record[moment] is None else format_time(record[moment])
    return record | {f"drift_{name}": value for name, value in drift.items()}


def _row(shown: "TokenView") -> dict[str, object]:
    drift = dict.fromkeys(_DRIFT) if shown.drift is None else asdict(shown.drift)
    return {
        "serial": shown.serial,
        "account": shown.account,
        "kind": shown.kind,
        "status": shown.status,
        **drift,
        "next_counter": shown.next_counter,
    }


def _told(record: dict[str, object]) -> dict[str, object]:
    """What there is to tell of a token: not every kind has a clock, a counter or a suite."""
    return {key: value for key, value in record.items() if value is not None}


def _filled(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows without columns that are empty in all of them."""
    filled = {key for row in rows for key in _told(row)}
    return [{key: value for key, value in row.items() if key in filled} for row in rows]
