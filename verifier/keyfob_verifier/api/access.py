"""Routes of API keys and roles: who may ask the verifier for what."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from keyfob.quantities import YEAR_S
from keyfob_verifier.access import BUILT_IN_ROLES, Caller, Permission, Role
from keyfob_verifier.api.dependencies import OpenContext, Requires
from keyfob_verifier.api.models import Name
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.service import api_keys, roles

MAX_LIFE_S = 100 * YEAR_S
MAX_OVERLAP_S = YEAR_S
DEFAULT_OVERLAP_S = 86_400.0

router = APIRouter(prefix="/v1", tags=["access"], responses=RESPONSES)

Reader = Annotated[Caller, Depends(Requires(Permission.ACCESS_READ))]
Granter = Annotated[Caller, Depends(Requires(Permission.ACCESS_MANAGE))]
KeyIdInPath = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", examples=["0123456789ab"])]
RoleName = Annotated[str, Field(pattern=roles.ROLE_NAME, examples=["help-desk"])]
RoleNameInPath = Annotated[RoleName, Path()]
Life = Annotated[
    float | None, Field(gt=0, le=MAX_LIFE_S, description="How long the key is good for; null for ever.")
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ApiKeyRequest(_Request):
    """An API key to make."""

    name: Annotated[Name, Field(description="What it is for.", examples=["portal"])]
    role: RoleName
    life_s: Life = api_keys.DEFAULT_LIFE_S
    addresses: list[Annotated[str, Field(max_length=64, examples=["192.0.2.0/24"])]] = Field(
        [],
        max_length=api_keys.MAX_ADDRESS_RANGES,
        description="The ranges that it may be used from; none for everywhere.",
    )


class RotationRequest(_Request):
    """How an API key is to be replaced."""

    overlap_s: float = Field(
        DEFAULT_OVERLAP_S, ge=0, le=MAX_OVERLAP_S, description="How long the old one stays good."
    )
    life_s: Life = api_keys.DEFAULT_LIFE_S


class ApiKeyResponse(BaseModel):
    """An API key, without what proves it."""

    id: str
    name: str
    role: str
    addresses: list[str]
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None = Field(description="To the minute.")


class IssuedApiKeyResponse(ApiKeyResponse):
    """A new API key, told this once."""

    api_key: str = Field(repr=False)


class RoleRequest(_Request):
    """A role to make."""

    name: RoleName
    permissions: list[Permission] = Field(min_length=1, max_length=len(Permission))


class RoleResponse(BaseModel):
    """A role and what it allows."""

    name: str
    permissions: list[Permission]
    built_in: bool


@router.get("/api-keys")
def list_api_keys(
    caller: Reader,
    context: OpenContext,
    after: Annotated[
        str, Query(pattern=r"^[0-9a-f]{0,12}$", description="The last id of the page before.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ApiKeyResponse]:
    """API keys in the order of their ids, revoked and expired ones too, a page at a time."""
    found = api_keys.page(context, caller.tenant_id, after, limit)
    return [ApiKeyResponse(**_shown(record)) for record in found]


@router.post("/api-keys", status_code=201)
def create_api_key(request: ApiKeyRequest, caller: Granter, context: OpenContext) -> IssuedApiKeyResponse:
    """Makes an API key and tells it this once. Its role may allow no more than the caller may do."""
    wanted = api_keys.NewApiKey(request.name, request.role, request.life_s, tuple(request.addresses))
    return _issued(api_keys.issue_api_key(context, caller, wanted))


@router.post("/api-keys/{key_id}/rotate", status_code=201)
def rotate_api_key(
    key_id: KeyIdInPath, request: RotationRequest, caller: Granter, context: OpenContext
) -> IssuedApiKeyResponse:
    """Makes a key of the same name, role and ranges; the old one stays good for the overlap."""
    return _issued(api_keys.rotate_api_key(context, caller, key_id, request.overlap_s, request.life_s))


@router.post("/api-keys/{key_id}/revoke")
def revoke_api_key(key_id: KeyIdInPath, caller: Granter, context: OpenContext) -> ApiKeyResponse:
    """Revokes a key for good; within five seconds nobody accepts it."""
    return ApiKeyResponse(**_shown(api_keys.revoke_api_key(context, caller, key_id)))


@router.get("/roles")
def list_roles(caller: Reader, context: OpenContext) -> list[RoleResponse]:
    """The built-in roles, then the tenant's own."""
    return [_role(role) for role in roles.every_role(context, caller.tenant_id)]


@router.post("/roles", status_code=201)
def create_role(request: RoleRequest, caller: Granter, context: OpenContext) -> RoleResponse:
    """Makes a role of named permissions, none of which the caller may lack."""
    return _role(roles.create_role(context, caller, request.name, frozenset(request.permissions)))


@router.delete("/roles/{name}", status_code=204)
def delete_role(name: RoleNameInPath, caller: Granter, context: OpenContext) -> None:
    """Deletes a role that nobody has."""
    roles.delete_role(context, caller, name)


def _shown(record: ApiKeyRecord) -> dict[str, Any]:
    names = ("id", "name", "role", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {name: getattr(record, name) for name in names} | {"addresses": (record.addresses or "").split()}


def _issued(issued: api_keys.IssuedApiKey) -> IssuedApiKeyResponse:
    return IssuedApiKeyResponse(**_shown(issued.record), api_key=issued.api_key)


def _role(role: Role) -> RoleResponse:
    return RoleResponse(
        name=role.name, permissions=sorted(role.permissions), built_in=role.name in BUILT_IN_ROLES
    )
