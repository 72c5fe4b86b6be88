"""The people of a tenant: entered, listed, given another password, disabled."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from keyfob_verifier.access import BUILT_IN_ROLES
from keyfob_verifier.access_errors import RoleNotFoundError
from keyfob_verifier.errors import TokenNotFoundError, TokenStatusError
from keyfob_verifier.people import Person, check_name, check_password, normalise_name
from keyfob_verifier.people_errors import PersonExistsError, TokenHeldError, TokenKindError
from keyfob_verifier.records import AuditEntry, Token, TokenKind, TokenStatus
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.passwords import Passwords
from keyfob_verifier.service.writing import written
from keyfob_verifier.store.database import Transaction


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be entered.

    Attributes:
        name: how they sign in.
        role: what they may do.
        serial: the active token that becomes theirs.
        password: their first one.
    """

    name: str
    role: str
    serial: str
    password: str = field(repr=False)


def add(context: Context, passwords: Passwords, tenant_id: str, actor: str, wanted: NewPerson) -> Person:
    """Enters a person with a token of the tenant, which is theirs alone from then on.

    Raises:
        InvalidPersonNameError: nobody can be called so.
        InvalidPasswordError: the password is too short or too long.
        RoleNotFoundError: the tenant has no such role.
        TokenNotFoundError: there is no such token.
        TokenStatusError: it is not active.
        TokenKindError: time does not move its codes on.
        TokenHeldError: it is somebody else's.
        PersonExistsError: there is a person of this name.
        StorageUnavailableError: nobody was entered.
    """
    name, password_hash = check_name(wanted.name), passwords.hash(check_password(wanted.password))
    at = context.clock.now()

    def add_within(transaction: Transaction) -> Person:
        if transaction.people.find(tenant_id, name) is not None:
            raise PersonExistsError(name)
        _hold_role(transaction, tenant_id, wanted.role)
        token = _free_token(transaction, tenant_id, wanted.serial)
        person = Person(
            id=secrets.token_hex(8),
            tenant_id=tenant_id,
            name=name,
            role=wanted.role,
            password_hash=password_hash,
            token_id=token.id,
            serial=token.serial,
            created_at=at,
        )
        transaction.people.add(person)
        _note(transaction, actor, "add-person", person, at)
        return person

    return written(context.store, add_within)


def everybody(context: Context, tenant_id: str) -> list[Person]:
    """The people of a tenant, by name, those who were disabled too.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        return transaction.people.all(tenant_id)


def disable(context: Context, tenant_id: str, actor: str, name: str) -> None:
    """Ends a person's sessions and lets them sign in no more.

    Raises:
        PersonNotFoundError: there is none of this name.
        StorageUnavailableError: nothing was changed.
    """

    def change(transaction: Transaction, person: Person, at: float) -> None:
        if person.disabled_at is None:
            transaction.people.disable(person, at)

    _change(context, _Who(tenant_id, actor, name), "disable-person", change)


def set_password(
    context: Context, passwords: Passwords, tenant_id: str, actor: str, *, name: str, password: str
) -> None:
    """Gives a person another password and ends their sessions.

    Raises:
        InvalidPasswordError: the password is too short or too long.
        PersonNotFoundError: there is none of this name.
        StorageUnavailableError: nothing was changed.
    """
    password_hash = passwords.hash(check_password(password))

    def change(transaction: Transaction, person: Person, _at: float) -> None:
        transaction.people.change_password(person, password_hash)

    _change(context, _Who(tenant_id, actor, name), "change-password", change)


class _Who(NamedTuple):
    tenant_id: str
    actor: str
    name: str


def _change(
    context: Context, who: _Who, action: str, change: Callable[[Transaction, Person, float], None]
) -> None:
    at = context.clock.now()

    def change_within(transaction: Transaction) -> None:
        person = transaction.people.lock(who.tenant_id, normalise_name(who.name))
        change(transaction, person, at)
        transaction.sessions.end_all_of(person.id)
        _note(transaction, who.actor, action, person, at)

    written(context.store, change_within)


def _hold_role(transaction: Transaction, tenant_id: str, role: str) -> None:
    """Keeps a role from being deleted before somebody has it."""
    if role not in BUILT_IN_ROLES and transaction.roles.hold(tenant_id, role) is None:
        raise RoleNotFoundError(role)


def _free_token(transaction: Transaction, tenant_id: str, serial: str) -> Token:
    token = transaction.tokens.lock(tenant_id, [serial]).get(serial)
    if token is None:
        raise TokenNotFoundError(serial)
    if token.kind is not TokenKind.TOTP:
        raise TokenKindError(serial, token.kind)
    if token.status is not TokenStatus.ACTIVE:
        raise TokenStatusError(serial, token.status, TokenStatus.ACTIVE)
    if transaction.people.holder(token.id) is not None:
        raise TokenHeldError(serial)
    return token


def _note(transaction: Transaction, actor: str, action: str, person: Person, at: float) -> None:
    entry = AuditEntry(at, actor, action, person.serial, person.name)
    transaction.audit.append(person.tenant_id, [entry])
