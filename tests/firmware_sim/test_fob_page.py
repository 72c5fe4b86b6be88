"""What the pages say of fobs is what fobs have."""

from pathlib import Path

from keyfob.diagnostics import FAILURES
from keyfob_firmware.fault_words import fault_usage
from keyfob_firmware.faults import FAULTS

DOCS = Path(__file__).parents[2] / "docs"


def test_page_lists_every_failure_of_the_self_test():
    page = (DOCS / "fob.md").read_text()
    rows = [f"| {f.code} | {f.meaning} | {f.remedy} |" for f in FAILURES.values()]
    assert [line for line in page.splitlines() if line.startswith("| E")] == rows


def test_command_lines_page_writes_every_fault_as_it_is_taken():
    page = (DOCS / "cli.md").read_text()
    table = page.partition("| fault | what |")[2].partition("\n\n")[0]
    written = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert written == [fault_usage(name) for name in FAULTS]
