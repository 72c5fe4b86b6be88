"""How an administrator says how often may be guessed: options of `keyfob serve`, and variables for all commands."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import typer
from typer.main import get_command

from keyfob_verifier.decide.throttle import MOST_FAILURES
from keyfob_verifier.service.guessing import GuessingRules

PANEL = "Guessing"

DEFAULT_RULES = GuessingRules()
_SLOWEST_PER_HOUR = 0.01
_MOST_PER_HOUR = 100.0
_MOST_OF_A_SOURCE_PER_HOUR = 10_000.0


def _within(least: float, most: float, of_what: str) -> Callable[[float], float]:
    def check(value: float) -> float:
        if not least <= value <= most:
            raise typer.BadParameter(f"{value:g} is not within {least:g} to {most:g} {of_what}")
        return value

    return check


def _option(name: str, check: Callable[[float], float], text: str) -> Any:
    variable = f"KEYFOB_{name.removeprefix('--').replace('-', '_').upper()}"
    return typer.Option(name, envvar=variable, callback=check, metavar="N", help=text, rich_help_panel=PANEL)


_at_once = _within(1.0, MOST_FAILURES, "failures at once (NIST SP 800-63B, section 5.2.2)")

FailureBudgetOption = Annotated[
    float,
    _option("--failure-budget", _at_once, "Failures allowed at once at a token, and for an account."),
]
FailureRefillOption = Annotated[
    float,
    _option(
        "--failure-refill",
        _within(_SLOWEST_PER_HOUR, _MOST_PER_HOUR, "failures an hour"),
        "How many of them come back in an hour.",
    ),
]
SourceBudgetOption = Annotated[
    float,
    _option(
        "--source-budget",
        _at_once,
        "Failures allowed at once from a source that callers name, at tokens not known there.",
    ),
]
SourceRefillOption = Annotated[
    float,
    _option(
        "--source-refill",
        _within(_SLOWEST_PER_HOUR, _MOST_OF_A_SOURCE_PER_HOUR, "failures an hour"),
        "How many of those come back in an hour.",
    ),
]
NextCodeOption = Annotated[
    bool,
    typer.Option(
        "--next-code/--no-next-code",
        envvar="KEYFOB_NEXT_CODE",
        help="Keep a wrong code for two time steps, and accept the one after it where both fit a fob's clock.",
        rich_help_panel=PANEL,
    ),
]


def guessing_rules(
    failure_budget: FailureBudgetOption = DEFAULT_RULES.throttle.budget,
    failure_refill: FailureRefillOption = DEFAULT_RULES.throttle.refill_per_hour,
    source_budget: SourceBudgetOption = DEFAULT_RULES.source_throttle.budget,
    source_refill: SourceRefillOption = DEFAULT_RULES.source_throttle.refill_per_hour,
    next_code: NextCodeOption = DEFAULT_RULES.next_code,
) -> GuessingRules:
    """The rules that these options, or their variables, make."""
    return GuessingRules(
        replace(DEFAULT_RULES.throttle, budget=failure_budget, refill_per_hour=failure_refill),
        replace(DEFAULT_RULES.source_throttle, budget=source_budget, refill_per_hour=source_refill),
        next_code,
    )


def rules_of_environment() -> GuessingRules:
    """The rules as the variables alone make them, for commands that judge codes beside a verifier.

    Raises:
        typer.BadParameter: a variable holds what the option would refuse.
    """
    app = typer.Typer(add_completion=False)
    app.command()(guessing_rules)
    rules: GuessingRules = get_command(app).main([], prog_name="keyfob", standalone_mode=False)
    return rules
