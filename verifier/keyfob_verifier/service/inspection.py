"""A token as people look at it: its state without its seed, its drift as of now."""

import math
from dataclasses import dataclass

from keyfob_verifier.decide.state import NO_STEP
from keyfob_verifier.records import MovingFactor, Token
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
    """What may be shown of a token; times are Unix time.

    Attributes:
        time_step_s, last_used_step, drift: None where time does not move its codes on.
        next_counter: the least that its next code may have; None where no counter moves it on.
    """

    serial: str
    account: str
    issuer: str
    status: str
    kind: str
    suite: str | None
    algorithm: str
    digits: int
    time_step_s: int | None
    grade_ppm: float
    created_at: float
    activated_at: float | None
    revoked_at: float | None
    last_used_step: int | None
    next_counter: int | None
    drift: Drift | None


def view(context: Context, token: Token) -> TokenView:
    """The token as it is at the context's present time."""
    parameters, last_step, moved_by = token.parameters, token.drift.last_step, token.moving_factor
    has_time = moved_by is MovingFactor.TIME
    return TokenView(
        serial=token.serial,
        account=token.account,
        issuer=token.issuer,
        status=token.status.value,
        kind=token.kind.value,
        suite=token.suite,
        algorithm=parameters.algorithm.value,
        digits=parameters.digits,
        time_step_s=parameters.time_step_s if has_time else None,
        grade_ppm=token.grade_ppm,
        created_at=token.created_at,
        activated_at=token.activated_at,
        revoked_at=token.revoked_at,
        last_used_step=last_step if has_time and last_step != NO_STEP else None,
        next_counter=last_step + 1 if moved_by is MovingFactor.COUNTER else None,
        drift=_drift(context, token) if has_time else None,
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
