"""The installation of this machine, as its commands find, open and report it."""

import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from platformdirs import user_config_path, user_data_path

from keyfob import SystemClock
from keyfob.extras import needs_extra
from keyfob.output import printer
from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.guessing_options import rules_of_environment
from keyfob_verifier.serial import check_serial

if TYPE_CHECKING:
    from keyfob_verifier.service.context import Context
    from keyfob_verifier.service.outcome import Outcome


def _default_database_url() -> str:
    return f"sqlite:///{user_data_path('keyfob') / 'verifier' / 'verifier.db'}"


def _default_keks() -> list[str]:
    """One, whose name may have blanks in it: a list from the environment would be cut there."""
    return [os.environ.get("KEYFOB_KEK") or str(user_config_path("keyfob") / "keys" / "kek.key")]


DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database-url",
        envvar="KEYFOB_DATABASE_URL",
        default_factory=_default_database_url,
        help="SQLite file or PostgreSQL database, as an SQLAlchemy URL.",
        show_default="an SQLite file of yours",
    ),
]
KekOption = Annotated[
    list[str],
    typer.Option(
        "--kek",
        metavar="KEK",
        default_factory=_default_keks,
        help="The key-encryption key: a file of mode 0600 away from the database, env:NAME or a pkcs11: URI. Given "
        "again, an older one that keys may still be wrapped under. KEYFOB_KEK names one too.",
        show_default="a file among your settings",
    ),
]


TenantOption = Annotated[
    str,
    typer.Option(
        "--tenant",
        envvar="KEYFOB_TENANT",
        default_factory=lambda: "default",
        help="The tenant that is worked for.",
        show_default="default",
    ),
]


def _check_serial(serial: str) -> str:
    return check_serial(serial)


def complete_nothing() -> list[str]:
    """A shell left to itself would offer files."""
    return []


SerialArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERIAL",
        help="The token's serial.",
        autocompletion=complete_nothing,
        callback=_check_serial,
    ),
]
CodeArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="CODE",
        help="The code as the fob shows it, in one piece or two.",
        autocompletion=complete_nothing,
    ),
]
QuestionOption = Annotated[
    str | None,
    typer.Option(
        help="The question that the code answers, where it is an ocra token's.",
        autocompletion=complete_nothing,
    ),
]


def challenge_of(question: str | None) -> Challenge | None:
    """What a code answers, by what was typed for it."""
    return None if question is None else Challenge(question)


@dataclass(frozen=True, slots=True)
class LocalInstallation:
    """An open installation, and in whose name its administrator works.

    Attributes:
        context: the installation.
        tenant_id: the tenant.
        actor: who works at this machine, for the record.
    """

    context: "Context"
    tenant_id: str
    actor: str

    @property
    def caller(self) -> Caller:
        """The same, as somebody who may do everything: they hold the key-encryption key."""
        return Caller(self.tenant_id, self.actor, "local", frozenset(Permission))


@contextmanager
def local_installation(
    database_url: str, keks: Sequence[str], tenant_id: str | None = None
) -> Iterator[LocalInstallation]:
    """The installation, opened by somebody who holds its key, with the machine's own time.

    Codes are judged by the rules against guessing that the environment tells.

    Raises:
        TenantNotFoundError: it has no such tenant.
    """
    with needs_extra("server"):
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
    context = open_installation(
        database_url,
        keks[0],
        Purpose.PRODUCTION,
        SystemClock(),
        older_keks=keks[1:],
        guessing=rules_of_environment(),
    )
    try:
        with context.store.read() as transaction:
            tenant = transaction.tenants.get(DEFAULT_TENANT if tenant_id is None else tenant_id)
        yield LocalInstallation(context, tenant.id, _actor())
    finally:
        context.store.close()


@contextmanager
def local_keys(database_url: str, keks: Sequence[str]) -> Iterator[LocalInstallation]:
    """The installation as `local_installation` gives it, also where some of its data keys do not open."""
    with needs_extra("server"):
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import DEFAULT_TENANT, open_sealed
    context = open_sealed(database_url, keks, Purpose.PRODUCTION, SystemClock())
    try:
        yield LocalInstallation(context, DEFAULT_TENANT, _actor())
    finally:
        context.store.close()


def _actor() -> str:
    return local_actor()


def local_actor() -> str:
    """Who works at this machine, for the record."""
    return f"local:{_user()}"[:64]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        return str(os.getuid())


def report(outcome: "Outcome", as_json: bool) -> None:
    """Prints the answer and its reason, and ends with status 1 unless the code was accepted."""
    record: dict[str, object] = {"answer": outcome.answer.value, "reason": outcome.reason.value}
    if outcome.retry_after_s:
        record["retry_after_s"] = outcome.retry_after_s
    printer(as_json).record(record)
    if outcome.answer.value != "accepted":
        raise typer.Exit(1)
