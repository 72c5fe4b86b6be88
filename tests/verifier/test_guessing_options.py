"""The rules against guessing, as options and as variables tell them."""

import pytest

from keyfob.cli import main
from keyfob_verifier.decide.throttle import SOURCE_THROTTLE, Throttle
from keyfob_verifier.guessing_options import guessing_rules, rules_of_environment
from keyfob_verifier.service.guessing import GuessingRules

VARIABLES = {
    "KEYFOB_FAILURE_BUDGET": "3",
    "KEYFOB_FAILURE_REFILL": "0.5",
    "KEYFOB_SOURCE_BUDGET": "20",
    "KEYFOB_SOURCE_REFILL": "600",
    "KEYFOB_NEXT_CODE": "0",
}


@pytest.fixture
def environment(monkeypatch):
    def environment(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return environment


def test_unless_told_the_rules_are_the_service_s_own():
    assert guessing_rules() == rules_of_environment() == GuessingRules(Throttle(), SOURCE_THROTTLE, True)


def test_variables_change_each_of_them_and_nothing_else(environment):
    environment(**VARIABLES)
    assert rules_of_environment() == GuessingRules(
        Throttle(budget=3.0, refill_per_hour=0.5),
        Throttle(budget=20.0, refill_per_hour=600.0, backoff_s=0.0, backoff_limit_s=0.0),
        False,
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--failure-budget", value) for value in ("100.5", "0", "nan", "inf", "-1", "ten")),
        *(("--failure-refill", value) for value in ("0", "101", "nan")),
        *(("--source-budget", value) for value in ("101", "0.9")),
        *(("--source-refill", value) for value in ("0", "10001")),
    ],
)
def test_limits_beyond_reason_are_refused_by_every_command_that_judges_codes(
    mistake, environment, places, option, value
):
    variable = f"KEYFOB_{option[2:].replace('-', '_').upper()}"
    assert option in mistake("serve", option, value, status=2)
    environment(**{variable: value})
    for command in (["serve"], ["validate", "A-1", "123456"], ["token", "activate", "A-1", "123456"]):
        assert variable in mistake(*command, status=2)


def test_refusal_of_a_budget_says_how_many_are_allowed_and_by_whom(mistake):
    complaint = mistake("serve", "--failure-budget", "101", status=2)
    assert "101 is not within 1 to 100 failures at once (NIST SP 800-63B" in complaint


def test_help_shows_them_together(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["serve", "--help"]) == 0
    panel = capsys.readouterr().out.partition("Guessing")[2]
    for option in ("--failure-budget", "--failure-refill", "--source-budget", "--source-refill"):
        assert option in panel
    assert "--no-next-code" in panel


@pytest.mark.parametrize(
    ("variables", "reason"), [({}, "throttled"), ({"KEYFOB_FAILURE_BUDGET": "1"}, "locked")]
)
def test_codes_on_this_machine_draw_on_the_budget_that_the_environment_tells(
    places, keyfob, environment, variables, reason
):
    environment(**variables)
    keyfob("init")
    keyfob("token", "enrol", "alice", "--serial", "A-1", "--digits", "8")
    for expected in ("wrong", reason):
        assert keyfob("token", "activate", "A-1", "12345678", status=1)["reason"] == expected
