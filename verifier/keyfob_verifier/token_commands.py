"""`keyfob token …`: tokens from enrolment to revocation, on the installation of this machine."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob import Algorithm, Parameters, Seed
from keyfob.durable import create_file
from keyfob.output import JsonOption, YesOption, confirm, format_time, printer
from keyfob_verifier.local import (
    CodeArgument,
    DatabaseOption,
    KekOption,
    SerialArgument,
    TenantOption,
    local_installation,
    report,
)

if TYPE_CHECKING:
    from keyfob_verifier.service.inspection import TokenView

PAGE = 500

tokens = typer.Typer(
    name="token",
    help="Enrol tokens, look at them, resynchronize and revoke them.",
    no_args_is_help=True,
)


@tokens.command()
def enrol(
    account: Annotated[str, typer.Argument(help="Whose token it is, such as alice@example.org.")],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    issuer: Annotated[str, typer.Option(help="Who issues it, as an authenticator shows it.")] = "keyfob",
    serial: Annotated[str | None, typer.Option(help="Made up where none is given.")] = None,
    algorithm: Annotated[
        Algorithm, typer.Option(case_sensitive=False, help="The HMAC hash.")
    ] = Algorithm.SHA1,
    digits: Annotated[int, typer.Option(min=6, max=10, help="Length of a code.")] = 6,
    time_step_s: Annotated[int, typer.Option(min=1, help="How long a code lasts, in seconds.")] = 30,
    grade_ppm: Annotated[float, typer.Option(min=0.1, max=1000.0, help="The crystal's grade.")] = 20.0,
    seed_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            help="A factory's seed in base32, in a file or - for standard input. New and random if absent."
        ),
    ] = None,
    qr: Annotated[
        Path | None,
        typer.Option(help="Write the QR code to this new file too, .png or .svg. It holds the seed."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol a token and show its provisioning URI and QR code, this once."""
    from keyfob.qr import draw_terminal

    draw = _drawing(qr)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.enrolment import Application
        from keyfob_verifier.service.enrolment import enrol as enrol_token
        from keyfob_verifier.service.inspection import view

        application = Application(
            account=account,
            issuer=issuer,
            serial=serial,
            parameters=Parameters(algorithm, digits, time_step_s),
            seed=None if seed_file is None else Seed.from_base32(seed_file.read().decode("ascii", "replace")),
            grade_ppm=grade_ppm,
        )
        enrolled = enrol_token(local.context, local.tenant_id, local.actor, application)
        shown = view(local.context, enrolled.token)
    printer(as_json).record({"serial": shown.serial, "status": shown.status, "uri": enrolled.uri})
    if not as_json:
        typer.echo(draw_terminal(enrolled.uri))
        typer.echo(f"Scan it, then: keyfob token activate {shown.serial} CODE")
    if qr is not None:
        create_file(qr, draw(enrolled.uri))


@tokens.command()
def activate(
    serial: SerialArgument,
    code: CodeArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Activate a token with its first code."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import lifecycle

        outcome = lifecycle.activate(local.context, local.tenant_id, local.actor, serial, " ".join(code))
    report(outcome, as_json)


@tokens.command()
def resync(
    serial: SerialArgument,
    first_code: Annotated[str, typer.Argument(help="A code that the fob shows.")],
    second_code: Annotated[str, typer.Argument(help="The code that it shows next.")],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Find a token's clock again with two consecutive codes."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import lifecycle

        codes = (first_code, second_code)
        outcome = lifecycle.resync(local.context, local.tenant_id, local.actor, serial, codes)
    report(outcome, as_json)


@tokens.command()
def show(
    serial: SerialArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Show a token's state and its drift."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.inspection import show as show_token

        shown = show_token(local.context, local.tenant_id, serial)
    printer(as_json).record(_flat(shown))


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


def _drawing(file: Path | None) -> Callable[[str], bytes]:
    """What draws a QR code into such a file."""
    from keyfob.qr import draw_png, draw_svg

    if file is None or file.suffix.lower() == ".png":
        draw: Callable[[str], bytes] = draw_png
    elif file.suffix.lower() == ".svg":
        draw = lambda uri: draw_svg(uri).encode()  # noqa: E731
    else:
        raise typer.BadParameter("its name must end in .png or .svg", param_hint="--qr")
    if file is not None and file.exists():
        raise typer.BadParameter(f"{file} exists already", param_hint="--qr")
    if file is not None and not os.access(file.parent, os.W_OK):
        raise typer.BadParameter(f"{file.parent} is no directory to write to", param_hint="--qr")
    return draw


def _flat(shown: "TokenView") -> dict[str, object]:
    record = asdict(shown)
    drift = record.pop("drift")
    for moment in ("created_at", "activated_at", "revoked_at"):
        record[moment] = None if record[moment] is None else format_time(record[moment])
    return record | {f"drift_{name}": value for name, value in drift.items()}


def _row(shown: "TokenView") -> dict[str, object]:
    return {
        "serial": shown.serial,
        "account": shown.account,
        "status": shown.status,
        "offset_s": shown.drift.offset_s,
        "offset_sd_s": shown.drift.offset_sd_s,
        "rate_ppm": shown.drift.rate_ppm,
        "rate_sd_ppm": shown.drift.rate_sd_ppm,
    }
