"""What the demo found, and whether it is what keyfob promises."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table

from keyfob_firmware.demo.attack import Siege
from keyfob_firmware.demo.life import Owner

FIRST_TRY_SHARE = 0.98
FIXED_SHARE = 0.5
OFFSET_ERROR_S = 20.0
SIGMAS = 5.0
BUDGET = 10
"""The failures that the verifier's throttle allows at once."""
DAY_OF_REFILL = 24


@dataclass(frozen=True, slots=True)
class Sample:
    """A fob's clock at a moment: as it was, and as the verifier believed it to be, with standard deviations."""

    at: float
    serial: str
    true_offset_s: float
    offset_s: float
    offset_sd_s: float
    true_rate_ppm: float
    rate_ppm: float
    rate_sd_ppm: float


@dataclass
class Findings:
    """All that the demo found.

    Attributes:
        samples: in order of time.
        owners: with their tallies.
        siege: the day of guessing.
        owner_after_siege: what the besieged token's owner was answered the day after.
        wall_s: how long it took.
    """

    owners: list[Owner]
    samples: list[Sample] = field(default_factory=list)
    siege: Siege = field(default_factory=lambda: Siege(0, 0, 0, 0))
    owner_after_siege: str = ""
    wall_s: float = 0.0


def expectations(findings: Findings) -> Iterator[tuple[str, bool]]:
    """Each thing that must hold, and whether it does."""
    for owner in findings.owners:
        share = owner.first_accepted / max(owner.logins, 1)
        yield (
            f"{owner.serial}: at least {FIRST_TRY_SHARE:.0%} of first codes accepted",
            share >= FIRST_TRY_SHARE,
        )
        yield f"{owner.serial}: every login got in within three codes", 0 < owner.logins == owner.accepted
        fixed = owner.fixed_accepted / max(owner.logins, 1)
        yield f"{owner.serial}: a fixed ±1 window would have failed it", fixed < FIXED_SHARE
        yield f"{owner.serial}: every replay refused", 0 < owner.replays == owner.replays_refused
    yield (
        f"estimated offsets within {OFFSET_ERROR_S:g} s and {SIGMAS:g} standard deviations of the true ones",
        bool(findings.samples) and all(map(_offset_is_close, findings.samples)),
    )
    siege = findings.siege
    yield "no guess accepted", siege.compared > 0 == siege.accepted
    yield (
        f"the throttle stopped the first hour's guesses at its budget of {BUDGET}",
        siege.compared_first_hour <= BUDGET + 1,
    )
    yield (
        "a day of guessing bought no more than the budget and its refill",
        siege.compared <= BUDGET + DAY_OF_REFILL + 1,
    )
    yield "the owner got in again the day after", findings.owner_after_siege == "accepted"


def show(findings: Findings, console: Console) -> bool:
    """Prints the tables and the expectations; whether all of them held."""
    console.print(_drift_table(findings.samples))
    console.print(_login_table(findings.owners))
    siege = findings.siege
    console.print(
        f"Guessing for a day: {siege.sent} sent, {siege.compared} compared ({siege.compared_first_hour} in the "
        f"first hour, then the throttle let one an hour through), {siege.accepted} accepted.",
        highlight=False,
    )
    held = True
    for sentence, holds in expectations(findings):
        console.print(f"{'[green]held[/]  ' if holds else '[bold red]FAILED[/]'} {sentence}", highlight=False)
        held = held and holds
    console.print(f"{findings.wall_s:.1f} s in all.", highlight=False)
    return held


def _offset_is_close(sample: Sample) -> bool:
    error_s = abs(sample.offset_s - sample.true_offset_s)
    return error_s <= OFFSET_ERROR_S and error_s <= SIGMAS * sample.offset_sd_s


def _drift_table(samples: list[Sample]) -> Table:
    table = _table("True drift and the verifier's estimate", ("day", "fob"))
    for heading in ("true s", "estimated s", "true ppm", "estimated ppm"):
        table.add_column(heading, justify="right", no_wrap=True)
    for sample in samples:
        table.add_row(
            f"{datetime.fromtimestamp(sample.at, UTC):%Y-%m-%d}",
            sample.serial,
            f"{sample.true_offset_s:+.1f}",
            f"{sample.offset_s:+.1f} ± {sample.offset_sd_s:.1f}",
            f"{sample.true_rate_ppm:+.1f}",
            f"{sample.rate_ppm:+.1f} ± {sample.rate_sd_ppm:.1f}",
        )
    return table


def _login_table(owners: list[Owner]) -> Table:
    table = _table("Logins, and the codes that were sent a second time", ("fob",))
    for heading in ("logins", "first code", "got in", "fixed ±1", "replays", "refused"):
        table.add_column(heading, justify="right", no_wrap=True)
    for owner in owners:
        table.add_row(
            owner.serial,
            str(owner.logins),
            _share(owner.first_accepted, owner.logins),
            _share(owner.accepted, owner.logins),
            _share(owner.fixed_accepted, owner.logins),
            str(owner.replays),
            str(owner.replays_refused),
        )
    return table


def _table(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / max(whole, 1):.0%})"
