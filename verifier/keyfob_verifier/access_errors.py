"""What can be wrong with tenants, roles and API keys, and with what somebody is allowed."""

import math
from collections.abc import Iterable
from typing import ClassVar

from keyfob_verifier.errors import VerifierError


class ForbiddenError(VerifierError):
    """The caller is known, and may not do this.

    Attributes:
        permission: what they lack.
    """

    code = "forbidden"
    status: ClassVar[int] = 403

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"this needs the permission {permission!r}: use an API key with a role that has it")


class GrantError(VerifierError):
    """Somebody was about to be given more than the giver may do.

    Attributes:
        permissions: what the giver lacks, sorted.
    """

    code = "grant-exceeds-own"
    status: ClassVar[int] = 403

    def __init__(self, permissions: Iterable[str]) -> None:
        self.permissions = tuple(sorted(permissions))
        super().__init__(
            f"nobody can give what they do not have: {', '.join(self.permissions)}; ask somebody whose role has it"
        )


class ForeignOriginError(VerifierError):
    """A browser sent a session along with a request that another site's page made."""

    code = "foreign-origin"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(
            "a session can change nothing from a page of another site: use the verifier's own pages"
        )


class TooManyRequestsError(VerifierError):
    """One address asks more often than it may.

    Attributes:
        retry_after_s: whole seconds until it may ask again.
    """

    code = "too-many-requests"
    status: ClassVar[int] = 429

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"too many requests from this address: try again in {self.retry_after_s} s")


class InvalidAddressRangeError(VerifierError):
    """A text is no range of addresses."""

    code = "invalid-address-range"
    status: ClassVar[int] = 422

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"{text[:64]!r} is no address range: write it as 192.0.2.0/24 or 2001:db8::/32, or one address alone"
        )


class ApiKeyNotFoundError(VerifierError):
    """The tenant has no API key of this id."""

    code = "api-key-not-found"
    status: ClassVar[int] = 404

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"there is no API key {key_id!r}: 'keyfob api-key list' shows the ids")


class ApiKeyEndedError(VerifierError):
    """An API key that is revoked or expired has nothing left to hand on."""

    code = "api-key-ended"
    status: ClassVar[int] = 409

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"API key {key_id!r} is revoked or has expired: make a new one")


class InvalidRoleNameError(VerifierError):
    """A role cannot be called so."""

    code = "invalid-role-name"
    status: ClassVar[int] = 422

    def __init__(self) -> None:
        super().__init__(
            "a role's name has 1 to 32 lower-case letters, digits and hyphens, and starts with a letter"
        )


class RoleNotFoundError(VerifierError):
    """The tenant has no role of this name."""

    code = "role-not-found"
    status: ClassVar[int] = 404

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no role {name!r}: 'keyfob role list' shows those that there are")


class RoleExistsError(VerifierError):
    """The tenant has a role of this name, a built-in one perhaps."""

    code = "role-exists"
    status: ClassVar[int] = 409

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a role {name!r} already: choose another name")


class BuiltInRoleError(VerifierError):
    """A built-in role cannot be deleted."""

    code = "built-in-role"
    status: ClassVar[int] = 409

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the role {name!r} is built in and stays")


class RoleInUseError(VerifierError):
    """Somebody has the role that was to be deleted."""

    code = "role-in-use"
    status: ClassVar[int] = 409

    def __init__(self, name: str, api_keys: int, people: int) -> None:
        self.name, self.api_keys, self.people = name, api_keys, people
        super().__init__(
            f"the role {name!r} is still had by {api_keys} API keys and {people} people: give them others first"
        )


class InvalidTenantIdError(VerifierError):
    """A tenant cannot have this id."""

    code = "invalid-tenant-id"
    status: ClassVar[int] = 422

    def __init__(self) -> None:
        super().__init__(
            "a tenant's id has 1 to 63 lower-case letters, digits and hyphens, and starts with a letter or digit"
        )


class TenantNotFoundError(VerifierError):
    """There is no tenant of this id."""

    code = "tenant-not-found"
    status: ClassVar[int] = 404

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"there is no tenant {tenant_id!r}: 'keyfob tenant list' shows those that there are")


class TenantExistsError(VerifierError):
    """There is a tenant of this id."""

    code = "tenant-exists"
    status: ClassVar[int] = 409

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"there is a tenant {tenant_id!r} already: nothing was changed")
