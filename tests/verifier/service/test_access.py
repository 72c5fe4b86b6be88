"""Tenants, roles and API keys: who can give whom what, and when it ends."""

import pytest
from sqlalchemy import text

from databases import connected
from keyfob.errors import InvalidParametersError
from keyfob.quantities import DAY_S
from keyfob_verifier.access import BUILT_IN_ROLES, Caller, Permission
from keyfob_verifier.access_errors import (
    ApiKeyEndedError,
    ApiKeyNotFoundError,
    BuiltInRoleError,
    GrantError,
    InvalidAddressRangeError,
    InvalidRoleNameError,
    InvalidTenantIdError,
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
    TenantExistsError,
    TenantNotFoundError,
)
from keyfob_verifier.errors import UnauthorizedError
from keyfob_verifier.service import api_keys, roles, tenants
from keyfob_verifier.service.api_keys import NewApiKey
from keyfob_verifier.service.installation import DEFAULT_TENANT

ADMIN = Caller(DEFAULT_TENANT, "local:tester", "local", frozenset(Permission))
HERE = "192.0.2.1"


def caller_with(*permissions):
    return Caller(DEFAULT_TENANT, "0123456789ab", "limited", frozenset(permissions))


def known(context, api_key):
    with context.store.read() as transaction:
        return api_keys.authenticate(transaction, api_key)


def is_good(context, api_key, address=HERE):
    return known(context, api_key).is_good(context.clock.now(), address)


def issue(context, caller=ADMIN, **wanted):
    return api_keys.issue_api_key(context, caller, NewApiKey("portal", **wanted))


def recorded(context, action):
    with context.store.read() as transaction:
        entries = transaction.audit.latest(DEFAULT_TENANT, None, 100)
    return [entry.outcome for entry in entries if entry.action == action]


def test_key_may_do_what_its_role_says(context):
    for role, permissions in BUILT_IN_ROLES.items():
        caller = known(context, issue(context, role=role).api_key).caller
        assert (caller.role, caller.permissions) == (role, permissions)
        assert caller.tenant_id == DEFAULT_TENANT


def test_key_ends_at_the_second_that_was_said(context):
    issued = issue(context, life_s=100.0)
    context.clock.advance(seconds=99.999)
    assert is_good(context, issued.api_key)
    context.clock.advance(seconds=0.001)
    assert not is_good(context, issued.api_key)


def test_key_lasts_a_year_unless_told_otherwise(context):
    assert issue(context).record.expires_at == context.clock.now() + 365 * DAY_S
    for_ever = issue(context, life_s=None)
    context.clock.advance(days=36_500)
    assert is_good(context, for_ever.api_key)


def test_key_is_good_from_its_ranges_only(context):
    bound = issue(context, addresses=("192.0.2.0/24", "2001:db8::/32")).api_key
    assert is_good(context, bound, "192.0.2.200")
    assert is_good(context, bound, "2001:db8::1")
    assert is_good(context, bound, "::ffff:192.0.2.200")
    for elsewhere in ("198.51.100.1", "2001:db9::1", "", "not an address"):
        assert not is_good(context, bound, elsewhere)


def test_wrong_range_or_name_makes_no_key(context):
    before = api_keys.page(context, DEFAULT_TENANT, "", 100)
    for addresses in (("192.0.2.1/24",), ("192.0.2.0/24", "x")):
        with pytest.raises(InvalidAddressRangeError):
            issue(context, addresses=addresses)
    for name in ("", "x" * 256, "a\nb", "a\x1b[31m"):
        with pytest.raises(InvalidParametersError):
            api_keys.issue_api_key(context, ADMIN, NewApiKey(name))
    assert api_keys.page(context, DEFAULT_TENANT, "", 100) == before


def test_rotated_key_overlaps_with_its_successor(context):
    old = issue(context, role="validator", addresses=("192.0.2.0/24",))
    new = api_keys.rotate_api_key(context, ADMIN, old.record.id, 3600.0, None)
    assert (new.record.name, new.record.role) == ("portal", "validator")
    assert new.record.addresses == "192.0.2.0/24"
    assert new.api_key != old.api_key
    context.clock.advance(seconds=3599)
    assert is_good(context, old.api_key)
    assert is_good(context, new.api_key)
    context.clock.advance(seconds=1)
    assert not is_good(context, old.api_key)
    assert is_good(context, new.api_key)


def test_rotation_never_makes_a_key_last_longer(context):
    old = issue(context, life_s=60.0)
    api_keys.rotate_api_key(context, ADMIN, old.record.id, 3600.0, None)
    context.clock.advance(seconds=60)
    assert not is_good(context, old.api_key)


def test_ended_key_is_not_rotated(context):
    revoked, expired = issue(context), issue(context, life_s=1.0)
    api_keys.revoke_api_key(context, ADMIN, revoked.record.id)
    context.clock.advance(seconds=2)
    for ended in (revoked, expired):
        with pytest.raises(ApiKeyEndedError):
            api_keys.rotate_api_key(context, ADMIN, ended.record.id, 0.0, None)


def test_revoked_key_is_not_found_again(context):
    issued = issue(context)
    api_keys.revoke_api_key(context, ADMIN, issued.record.id)
    with pytest.raises(UnauthorizedError):
        known(context, issued.api_key)
    first = api_keys.revoke_api_key(context, ADMIN, issued.record.id)
    context.clock.advance(seconds=5)
    assert api_keys.revoke_api_key(context, ADMIN, issued.record.id) == first
    assert recorded(context, "revoke-api-key") == [issued.record.id]


def test_use_is_noted_at_most_once_a_minute(context):
    key_id = issue(context).record.id

    def last_used_at():
        return {key.id: key.last_used_at for key in api_keys.page(context, DEFAULT_TENANT, "", 100)}[key_id]

    first = context.clock.now()
    assert last_used_at() is None
    for seconds, noted in ((0, first), (59, first), (60, first + 60)):
        api_keys.note_use(context, key_id, first + seconds)
        assert last_used_at() == noted


def test_nobody_gives_a_key_more_than_they_have(context):
    manager = caller_with(Permission.ACCESS_MANAGE, Permission.VALIDATE)
    assert issue(context, manager, role="validator")
    with pytest.raises(GrantError) as refused:
        issue(context, manager, role="auditor")
    assert refused.value.permissions == tuple(sorted(BUILT_IN_ROLES["auditor"]))
    powerful = issue(context)
    with pytest.raises(GrantError):
        api_keys.rotate_api_key(context, manager, powerful.record.id, 0.0, None)
    assert is_good(context, powerful.api_key)


def test_nobody_makes_a_role_of_more_than_they_have(context):
    manager = caller_with(Permission.ACCESS_MANAGE, Permission.VALIDATE)
    roles.create_role(context, manager, "login", frozenset({Permission.VALIDATE}))
    with pytest.raises(GrantError):
        roles.create_role(context, manager, "spy", frozenset({Permission.VALIDATE, Permission.TOKENS_READ}))
    assert [role.name for role in roles.every_role(context, DEFAULT_TENANT)] == [*BUILT_IN_ROLES, "login"]


def test_own_role_allows_what_it_names(context):
    wanted = frozenset({Permission.TOKENS_READ, Permission.SUPPORT_READ})
    roles.create_role(context, ADMIN, "help-desk", wanted)
    assert known(context, issue(context, role="help-desk").api_key).caller.permissions == wanted
    assert recorded(context, "create-role") == ["help-desk"]


def test_role_that_cannot_be_called_so_is_refused(context):
    for name in ("", "Admin", "1st", "a b", "a" * 33, "-a", "a\n"):
        with pytest.raises(InvalidRoleNameError):
            roles.create_role(context, ADMIN, name, frozenset({Permission.VALIDATE}))


def test_role_of_nothing_or_of_a_taken_name_is_refused(context):
    some = frozenset({Permission.VALIDATE})
    with pytest.raises(InvalidParametersError):
        roles.create_role(context, ADMIN, "empty", frozenset())
    roles.create_role(context, ADMIN, "login", some)
    for taken in ("login", "admin"):
        with pytest.raises(RoleExistsError):
            roles.create_role(context, ADMIN, taken, some)
    with pytest.raises(RoleNotFoundError):
        issue(context, role="unheard-of")


def test_role_is_deleted_once_nobody_has_it(context):
    roles.create_role(context, ADMIN, "login", frozenset({Permission.VALIDATE}))
    issued = issue(context, role="login")
    with pytest.raises(RoleInUseError) as refused:
        roles.delete_role(context, ADMIN, "login")
    assert (refused.value.api_keys, refused.value.people) == (1, 0)
    api_keys.revoke_api_key(context, ADMIN, issued.record.id)
    roles.delete_role(context, ADMIN, "login")
    with pytest.raises(RoleNotFoundError):
        roles.delete_role(context, ADMIN, "login")
    with pytest.raises(BuiltInRoleError):
        roles.delete_role(context, ADMIN, "admin")


def test_permission_that_is_not_known_gives_nothing(context, database_url):
    """A newer keyfob may have written it."""
    roles.create_role(context, ADMIN, "login", frozenset({Permission.VALIDATE}))
    api_key = issue(context, role="login").api_key
    with connected(database_url) as connection:
        connection.execute(text("UPDATE roles SET permissions = 'validate fly admin'"))
    assert known(context, api_key).caller.permissions == {Permission.VALIDATE}
    with connected(database_url) as connection:
        connection.execute(text("DELETE FROM roles"))
    assert known(context, api_key).caller.permissions == frozenset()


def test_tenant_has_an_administrators_key_and_can_seal_seeds(context):
    from keyfob_verifier.service.enrolment import Application, enrol

    api_key = tenants.create_tenant(context, "local:tester", "acme", "Acme & Co")
    caller = known(context, api_key).caller
    assert (caller.tenant_id, caller.permissions) == ("acme", frozenset(Permission))
    assert enrol(context, "acme", "tester", Application(account="alice")).token.tenant_id == "acme"
    assert [tenant.name for tenant in tenants.every_tenant(context)] == ["Acme & Co", DEFAULT_TENANT]


def test_taken_or_impossible_tenant_changes_nothing(context):
    for tenant_id in ("", "Acme", "a b", "-a", "a" * 64, "ä", "a\n", "a/b"):
        with pytest.raises(InvalidTenantIdError):
            tenants.create_tenant(context, "local:tester", tenant_id, "x")
    with pytest.raises(TenantExistsError):
        tenants.create_tenant(context, "local:tester", DEFAULT_TENANT, "another")
    assert [tenant.name for tenant in tenants.every_tenant(context)] == [DEFAULT_TENANT]


def test_unknown_tenant_is_named(context):
    with context.store.read() as transaction, pytest.raises(TenantNotFoundError, match="tenant list"):
        transaction.tenants.get("nobody")


def test_key_of_another_tenant_is_not_there(context):
    tenants.create_tenant(context, "local:tester", "acme", "Acme")
    stranger = Caller("acme", "local:tester", "local", frozenset(Permission))
    key_id = issue(context).record.id
    for act in (
        lambda: api_keys.revoke_api_key(context, stranger, key_id),
        lambda: api_keys.rotate_api_key(context, stranger, key_id, 0.0, None),
    ):
        with pytest.raises(ApiKeyNotFoundError):
            act()
    roles.create_role(context, ADMIN, "login", frozenset({Permission.VALIDATE}))
    with pytest.raises(RoleNotFoundError):
        issue(context, stranger, role="login")
    with pytest.raises(RoleNotFoundError):
        roles.delete_role(context, stranger, "login")
