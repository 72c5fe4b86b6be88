"""`keyfob token enrol`: a new token, and what its fob or app is to be given."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from keyfob import Algorithm, Parameters, Seed
from keyfob.durable import create_file
from keyfob.ocra import OcraSuite
from keyfob.output import JsonOption, printer
from keyfob_verifier.local import (
    DatabaseOption,
    KekOption,
    TenantOption,
    complete_nothing,
    local_installation,
)
from keyfob_verifier.records import TokenKind

_MAX_PIN_LINE_BYTES = 1024


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
    kind: Annotated[
        TokenKind,
        typer.Option(
            help="What its codes are made of: the time, a counter, or the question that it is asked."
        ),
    ] = TokenKind.TOTP,
    counter: Annotated[
        int,
        typer.Option(min=0, help="The counter of its next code, if it is a hotp token or its suite has C."),
    ] = 0,
    suite: Annotated[
        str | None,
        typer.Option(
            help="An ocra token's suite (RFC 6287), such as OCRA-1:HOTP-SHA1-6:QN08. It says hash and digits itself.",
            autocompletion=complete_nothing,
        ),
    ] = None,
    pin_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            help="The PIN that it is set to, where its suite has P, in a file or - for standard input."
        ),
    ] = None,
    seed_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            help="A factory's seed in base32, in a file or - for standard input. New and random if absent."
        ),
    ] = None,
    qr: Annotated[
        Path | None,
        typer.Option(
            help="Write the QR code to this new file too, .png or .svg. It holds the seed. An ocra token has none."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol a token and show its provisioning URI and QR code, or an ocra token's seed, this once."""
    from keyfob.qr import draw_terminal

    if qr is not None and kind is TokenKind.OCRA:
        raise typer.BadParameter("an ocra token has no QR code: its seed is told as text", param_hint="--qr")
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
            kind=kind,
            counter=counter,
            suite=None if suite is None else OcraSuite.parse(suite),
            pin=None if pin_file is None else _pin(pin_file.readline(_MAX_PIN_LINE_BYTES)),
        )
        enrolled = enrol_token(local.context, local.tenant_id, local.actor, application)
        shown = view(local.context, enrolled.token)
    told = {"seed": enrolled.seed, "suite": shown.suite} if enrolled.uri is None else {"uri": enrolled.uri}
    printer(as_json).record({"serial": shown.serial, "status": shown.status, **told})
    if enrolled.uri is None:
        _say(f"Program it, then: keyfob token ask {shown.serial}", as_json)
        return
    if not as_json:
        typer.echo(draw_terminal(enrolled.uri))
    _say(f"Scan it, then: keyfob token activate {shown.serial} CODE", as_json)
    if qr is not None:
        create_file(qr, draw(enrolled.uri))


def _pin(line: bytes) -> str:
    """The PIN on a line. What is wrong with it is told without repeating it."""
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise typer.BadParameter("its first line is not text in UTF-8", param_hint="--pin-file") from None


def _say(sentence: str, as_json: bool) -> None:
    if not as_json:
        typer.echo(sentence)


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
