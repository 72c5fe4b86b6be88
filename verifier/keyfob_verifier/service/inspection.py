"""A token as people look at it: its state without its seed, its drift as of now."""

import math
from dataclasses import dataclass

from keyfob_verifier.decide.state import NO_STEP
from keyfob_verifier.records import Token
from keyfob_verifier.service.context import Context


@dataclass(frozen=True, slots=True)
class Drift:
    """The fob's clock less true time, as the verifier believes it to be now, with standard deviations."""

    offset_s: float
    offset_sd_s: float
    rate_ppm: float
    rate_sd_ppm: float


@dataclass(frozen=True, slots=True)
class TokenView:
    """What may be shown of a token; times are Unix time."""

    serial: str
    account: str
    issuer: str
    status: str
    algorithm: str
    digits: int
    time_step_s: int
    grade_ppm: float
    created_at: float
    activated_at: float | None
    revoked_at: float | None
    last_used_step: int | None
    drift: Drift


def view(context: Context, token: Token) -> TokenView:
    """The token as it is at the context's present time."""
    parameters, last_step = token.parameters, token.drift.last_step
    return TokenView(
        serial=token.serial,
        account=token.account,
        issuer=token.issuer,
        status=token.status.value,
        algorithm=parameters.algorithm.value,
        digits=parameters.digits,
        time_step_s=parameters.time_step_s,
        grade_ppm=token.grade_ppm,
        created_at=token.created_at,
        activated_at=token.activated_at,
        revoked_at=token.revoked_at,
        last_used_step=None if last_step == NO_STEP else last_step,
        drift=_drift(context, token),
    )


def show(context: Context, tenant_id: str, serial: str) -> TokenView:
    """One token.

    Raises:
        TokenNotFoundError: there is none with this serial.
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        token = transaction.tokens.get(tenant_id, serial)
    return view(context, token)


def page(context: Context, tenant_id: str, after: str, limit: int) -> list[TokenView]:
    """Up to `limit` tokens in the order of their serials, those after serial `after`.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        tokens = transaction.tokens.page(tenant_id, after, limit)
    return [view(context, token) for token in tokens]


def _drift(context: Context, token: Token) -> Drift:
    now = context.policy_for(token).forecast(context.drift_of(token), context.clock.now())
    return Drift(
        offset_s=now.offset_s,
        offset_sd_s=math.sqrt(now.offset_variance),
        rate_ppm=now.rate * 1e6,
        rate_sd_ppm=math.sqrt(now.rate_variance) * 1e6,
    )
