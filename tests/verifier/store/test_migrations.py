import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from databases import connected
from keyfob_verifier.attempts import Standing, ThrottleKey, token_subject
from keyfob_verifier.errors import UnknownSchemaError
from keyfob_verifier.records import SupportState
from keyfob_verifier.service import support
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.store import migrate
from keyfob_verifier.store.database import open_database
from keyfob_verifier.store.schema import metadata
from kind_samples import ASKED, AnsweringToken
from support_samples import report_of

OPENING = """
import sys
from keyfob_verifier.store.database import open_database
print("ready", flush=True)
sys.stdin.readline()
open_database(sys.argv[1]).close()
"""


def take_back(url, revision):
    """Gives a database an older schema, as an older keyfob made it."""
    with connected(url) as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._HERE))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@pytest.fixture
def old_database(database_url, context, hold):
    """A database of the first schema, with a token in it."""
    hold(serial="KF-1")
    context.store.close()
    take_back(database_url, "0001")
    return database_url


def is_present(url):
    with connected(url) as connection:
        return compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_older_database_is_brought_to_the_present_schema_as_it_opens(old_database, context):
    assert not is_present(old_database)
    store = open_database(old_database)
    assert is_present(old_database)
    with store.read() as transaction:
        assert transaction.tokens.get(DEFAULT_TENANT, "KF-1").account == "alice"
    store.close()
    case = support.add(context, DEFAULT_TENANT, "tester", "KF-1", report_of("KF-1"))
    assert case.record.state is SupportState.OPEN


def test_of_several_that_open_an_older_database_at_once_one_upgrades_it(old_database):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command_line = [sys.executable, "-c", OPENING, old_database]
    processes = [subprocess.Popen(command_line, text=True, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 3
    assert is_present(old_database)


def test_newer_database_is_left_alone(database_url, api_key):
    with connected(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownSchemaError):
        open_database(database_url)


def test_every_migration_can_be_taken_back(database_url, api_key):
    take_back(database_url, "base")
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_failures_move_to_their_own_table_and_back(database_url, context, hold):
    """Those of a token at rest need no row."""
    fobs = [hold(serial=serial) for serial in ("AT-REST", "FAILED", "SPENT")]
    ids = {held.serial: held.token().id for held in fobs}
    context.store.close()
    take_back(database_url, "0004")
    columns = "throttle_budget, throttle_at, throttle_streak, throttle_retry_at"
    kept = {"AT-REST": (10.0, 5.0, 0, 5.0), "FAILED": (10.0, 6.0, 1, 7.0), "SPENT": (0.5, 8.0, 0, 8.0)}
    with connected(database_url) as connection:
        for serial, values in kept.items():
            changed = ", ".join(
                f"{name} = {value}" for name, value in zip(columns.split(", "), values, strict=True)
            )
            connection.execute(text(f"UPDATE tokens SET {changed} WHERE serial = '{serial}'"))
    store = open_database(database_url)
    with store.write() as transaction:
        moved = transaction.throttles.lock(DEFAULT_TENANT, [token_subject(ids[serial]) for serial in kept])
    store.close()
    assert {key: tuple(failures.state) for key, failures in moved.items()} == {
        ThrottleKey(token_subject(ids[serial]), Standing.UNKNOWN): kept[serial]
        for serial in ("FAILED", "SPENT")
    }
    take_back(database_url, "0004")
    with connected(database_url) as connection:
        rows = {
            row[0]: tuple(row[1:])
            for row in connection.execute(text(f"SELECT serial, {columns} FROM tokens"))
        }
    assert rows == kept | {"AT-REST": (10.0, 0.0, 0, 0.0)}


def test_questions_come_with_a_table_and_go_with_it(database_url, context):
    """Tokens stay; what they have answered is known again from then on only."""
    token = AnsweringToken(context, ASKED)
    code, used = token.activate()
    question = token.ask()
    context.store.close()
    take_back(database_url, "0005")
    with connected(database_url) as connection:
        assert "questions" not in inspect(connection).get_table_names()
    assert not is_present(database_url)
    open_database(database_url).close()
    assert is_present(database_url)
    for answer, asked in ((code, used), (token.answer(question), question)):
        assert token.reason(answer, asked) is Reason.QUESTION_NOT_OPEN
        context.clock.advance(seconds=60)
    question = token.ask()
    assert token.reason(token.answer(question), question) is Reason.ACCEPTED
