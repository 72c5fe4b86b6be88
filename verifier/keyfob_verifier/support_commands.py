"""`keyfob support …`: fobs that were reported, from open to resolved, on the installation of this machine."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from keyfob.output import JsonOption, format_time, printer
from keyfob_verifier.local import DatabaseOption, KekOption, SerialArgument, TenantOption, local_installation
from keyfob_verifier.serial import check_serial

if TYPE_CHECKING:
    from keyfob_verifier.records import SupportRecord
    from keyfob_verifier.service.support import SupportCase

PAGE = 500

StateName = Literal["open", "in-progress", "resolved"]
IdArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="The support record's number.")
]
NoteOption = Annotated[str, typer.Option(help="What there is to say about it, up to 500 characters.")]

support = typer.Typer(
    name="support",
    help="Keep fobs' diagnostic reports on their tokens until somebody has dealt with them.",
    no_args_is_help=True,
)


@support.command()
def add(
    serial: SerialArgument,
    report: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="REPORT", help="The fob's diagnostic report, a file or - for standard input."),
    ],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Open a support record on a token with its fob's diagnostic report."""
    from keyfob.diagnostics import MAX_REPORT_BYTES, parse_report

    read = parse_report(report.read(MAX_REPORT_BYTES + 1))
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service import support as service

        case = service.add(local.context, local.tenant_id, local.actor, serial, read, note=note)
    _print_case(case, as_json)


@support.command("list")
def list_records(
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    state: Annotated[StateName | None, typer.Option(help="Only those in this state.")] = None,
    serial: Annotated[str | None, typer.Option(help="Only those of this token.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List support records, oldest first."""
    of_token = None if serial is None else check_serial(serial)
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.records import SupportState
        from keyfob_verifier.service.support import page

        wanted = None if state is None else SupportState(state)
        found: list[SupportRecord] = []
        while True:
            after = found[-1].id if found else 0
            batch = page(
                local.context, local.tenant_id, state=wanted, serial=of_token, after=after, limit=PAGE
            )
            found += batch
            if len(batch) < PAGE:
                break
    rows = [_summary(record, as_json) for record in found]
    printer(as_json).rows(rows, if_none="There are no such support records.")


@support.command()
def show(
    record_id: IdArgument,
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    as_json: JsonOption = False,
) -> None:
    """Show a support record: what its fob reported, what that means, and what was done about it."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.service.support import show as show_case

        case = show_case(local.context, local.tenant_id, record_id)
    _print_case(case, as_json)


@support.command()
def update(
    record_id: IdArgument,
    state: Annotated[
        StateName, typer.Option(help="From open to in-progress, to resolved, and to open again.")
    ],
    database_url: DatabaseOption,
    keks: KekOption,
    tenant: TenantOption,
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Move a support record on to its next state."""
    with local_installation(database_url, keks, tenant) as local:
        from keyfob_verifier.records import SupportState
        from keyfob_verifier.service.support import update as update_case

        case = update_case(
            local.context, local.tenant_id, local.actor, record_id, SupportState(state), note=note
        )
    _print_case(case, as_json)


def _summary(record: "SupportRecord", as_json: bool) -> dict[str, object]:
    codes = list(record.report.failures)
    return {
        "id": record.id,
        "serial": record.serial,
        "state": record.state.value,
        "failures": codes if as_json else " ".join(codes) or None,
        "opened_at": format_time(record.opened_at),
        "changed_at": format_time(record.changed_at),
    }


def _print_case(case: "SupportCase", as_json: bool) -> None:
    from keyfob.diagnostics import FAILURES, report_to_json

    changes: list[dict[str, object]] = [
        asdict(change) | {"at": format_time(change.at)} for change in case.changes
    ]
    summary = _summary(case.record, as_json)
    if as_json:
        report = json.loads(report_to_json(case.record.report))
        printer(as_json).record(summary | {"report": report, "changes": changes})
        return
    printed, report = printer(as_json), case.record.report
    printed.record(
        summary
        | {
            "firmware": report.firmware_version,
            "fob_state": report.state,
            "reported_at": format_time(report.made_at),
            "clock_ahead_s": report.own_time - report.made_at,
            "battery_v": report.battery_v,
            "charge_left_percent": report.charge_left_percent,
        }
        | report.counters
    )
    failed = [
        {"code": check.code, "found": check.found, "meaning": failure.meaning, "remedy": failure.remedy}
        for check in report.checks
        if (failure := FAILURES.get(check.code or ""))
    ]
    printed.rows(failed, if_none="Its self-test found nothing wrong.")
    printed.rows(changes, if_none="")
