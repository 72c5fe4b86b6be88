"""Tokens of several tenants, and what somebody with the database's password could do to their rows."""

from sqlalchemy import text

from databases import connected
from keyfob.uri import parse_uri
from keyfob_verifier.records import Tenant
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.data_keys import add_data_key
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.verification import Attempt, verify


class TenantFob:
    """A perfect fob of an active token of some tenant, at the context's time."""

    def __init__(self, context, tenant_id, serial):
        enrolment = enrol(context, tenant_id, "tester", Application(serial, serial=serial))
        self.context, self.tenant_id, self.serial = context, tenant_id, serial
        self.id, self.parameters = enrolment.token.id, enrolment.token.parameters
        self.seed = parse_uri(enrolment.uri).seed
        assert lifecycle.activate(context, tenant_id, "tester", serial, self.code()).reason == "accepted"

    def code(self):
        return self.seed.code(int(self.context.clock.now()) // 30, self.parameters)

    def reason(self, **changed):
        """Why its present code is accepted or refused; at another serial or tenant where one is given."""
        known = {"tenant_id": self.tenant_id, "serial": self.serial} | changed
        attempt = Attempt(actor="tester", code=self.code(), at=self.context.clock.now(), **known)
        (outcome,) = verify(self.context, [attempt])
        return outcome.reason

    def token(self):
        with self.context.store.read() as transaction:
            return transaction.tokens.get(self.tenant_id, self.serial)


def add_tenant(context, tenant_id):
    with context.store.write() as transaction:
        transaction.tenants.add(Tenant(tenant_id, tenant_id, context.clock.now()))
        add_data_key(context, transaction, tenant_id, context.clock.now())


def data_keys_of(context, tenant_id):
    with context.store.read() as transaction:
        return transaction.data_keys.of(tenant_id)


def tamper(database_url, *statements, **values):
    """Changes rows behind keyfob's back."""
    with connected(database_url) as connection:
        for statement in statements:
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), named).rowcount == 1, statement
