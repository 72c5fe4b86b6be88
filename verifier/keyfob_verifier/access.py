"""Who may do what: permissions by name, the roles made of them, and the caller who has one."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Permission(enum.StrEnum):
    """One thing that a caller may do in the tenant that is theirs."""

    VALIDATE = "validate"
    """Submit codes."""
    DIAGNOSE = "diagnose"
    """Learn why a code was refused, and when the token may be tried again."""
    TOKENS_READ = "tokens:read"
    TOKENS_ENROL = "tokens:enrol"
    """Enrol tokens and activate them; the answer holds the seed."""
    TOKENS_RESYNC = "tokens:resync"
    TOKENS_REVOKE = "tokens:revoke"
    SUPPORT_READ = "support:read"
    SUPPORT_WRITE = "support:write"
    AUDIT_READ = "audit:read"
    METRICS_READ = "metrics:read"
    ACCESS_READ = "access:read"
    """See API keys, roles and people."""
    ACCESS_MANAGE = "access:manage"
    """Make, rotate and revoke API keys; make roles; enter and disable people."""
    TEST_CLOCK = "test-clock"
    """Move the time of a test verifier."""


BUILT_IN_ROLES: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {
        "admin": frozenset(Permission),
        "provisioner": frozenset(
            {
                Permission.TOKENS_READ,
                Permission.TOKENS_ENROL,
                Permission.TOKENS_RESYNC,
                Permission.TOKENS_REVOKE,
                Permission.SUPPORT_READ,
                Permission.SUPPORT_WRITE,
            }
        ),
        "validator": frozenset({Permission.VALIDATE}),
        "auditor": frozenset(
            {
                Permission.TOKENS_READ,
                Permission.SUPPORT_READ,
                Permission.AUDIT_READ,
                Permission.METRICS_READ,
                Permission.ACCESS_READ,
            }
        ),
    }
)
"""The roles that every tenant has; its own ones stand beside them."""


@dataclass(frozen=True, slots=True)
class Role:
    """A name for what somebody may do."""

    name: str
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose right to ask was proved, by an API key or by a session.

    Attributes:
        tenant_id: the tenant that is theirs; they reach no other.
        actor: who they are, for the record.
        role: its name.
        permissions: what it allows.
    """

    tenant_id: str
    actor: str
    role: str
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        """Whether they may do that."""
        return permission in self.permissions
