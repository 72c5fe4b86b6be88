"""Diagnostic reports to open support records with."""

import json

from keyfob.diagnostics import COUNTERS, Check, DiagnosticReport, report_to_json

CHECKS = (
    Check("SHA-1", passed=True, code=None, found="as it should be"),
    Check("display", passed=False, code="E30", found="segment c of cell 3 at 25.0 °C"),
    Check("battery", passed=False, code="E40", found="2.4 V"),
)


def report_of(serial, checks=CHECKS):
    return DiagnosticReport(
        serial=serial,
        firmware_version="1.0.0",
        made_at=1_799_999_000.0,
        own_time=1_799_999_002.5,
        trigger="request",
        state="idle",
        battery_v=2.4,
        charge_left_percent=4.5,
        counters=dict.fromkeys(COUNTERS, 7),
        checks=checks,
    )


def written_report_of(serial):
    return json.loads(report_to_json(report_of(serial)))
