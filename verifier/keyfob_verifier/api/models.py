"""What the HTTP interface takes and gives."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from keyfob import Algorithm
from keyfob.parameters import MAX_TIME_STEP_S
from keyfob.seed import MAX_SEED_BYTES
from keyfob_verifier.records import SupportState
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.support import MAX_NOTE_CHARACTERS

MAX_SUPPORT_ID = 2**63 - 1

Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["KF0123456789"])]
Code = Annotated[str, Field(max_length=64, examples=["123456"], description="Single spaces are fine.")]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Note = Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS, description="For whoever deals with it.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnrolRequest(_Request):
    """A token to enrol; only the account is needed."""

    account: Annotated[Name, Field(examples=["alice@example.org"])]
    issuer: Name = "keyfob"
    serial: Serial | None = None
    algorithm: Algorithm = Algorithm.SHA1
    digits: int = Field(6, ge=6, le=10)
    time_step_s: int = Field(30, ge=1, le=MAX_TIME_STEP_S)
    seed: str | None = Field(
        None,
        max_length=4 * MAX_SEED_BYTES,
        repr=False,
        description="A factory's seed in base32; a new random one where there is none.",
    )
    grade_ppm: float = Field(20.0, gt=0, le=1000, description="The crystal's grade.")
    clock_offset_s: float = Field(0.0, ge=-86_400, le=86_400, description="How far the fob's clock is ahead.")
    qr: Literal["png", "svg"] = "png"


class CodeRequest(_Request):
    """One code."""

    code: Code


class ValidateRequest(_Request):
    """A code and the token that it should be of."""

    serial: Serial
    code: Code
    source: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="Where the person is, such as an address or a device that the caller vouches for.",
    )


class ResyncRequest(_Request):
    """Two consecutive codes, in their order."""

    first_code: Code
    second_code: Code


class AnswerResponse(BaseModel):
    """What a caller learns of a code. One who may diagnose learns more: the reason, or by problem 429 to retry later."""

    answer: Literal["accepted", "refused"]
    reason: Reason | None = Field(default=None, description="Why; only for those who may diagnose.")


class DriftResponse(BaseModel):
    """The fob's clock less true time as the verifier believes it to be now, each with its standard deviation."""

    offset_s: float
    offset_sd_s: float
    rate_ppm: float
    rate_sd_ppm: float


class TokenResponse(BaseModel):
    """A token's state, without its seed."""

    serial: str
    account: str
    issuer: str
    algorithm: Algorithm
    digits: int
    time_step_s: int
    grade_ppm: float
    status: Literal["pending", "active", "resync-required", "revoked"]
    created_at: float
    activated_at: float | None
    revoked_at: float | None
    last_used_step: int | None
    drift: DriftResponse


class QrResponse(BaseModel):
    """The QR code of the provisioning URI, as a data URI that an `<img>` shows."""

    media_type: Literal["image/png", "image/svg+xml"]
    data_uri: str = Field(repr=False)


class EnrolResponse(BaseModel):
    """An enrolled token, with its provisioning URI: told this once, and it holds the seed."""

    token: TokenResponse
    uri: str = Field(repr=False)
    qr: QrResponse = Field(repr=False)


class SupportRequest(_Request):
    """A diagnostic report to open a support record with."""

    report: dict[str, JsonValue] = Field(description="As `keyfob fob diagnose` writes it.")
    note: Note = ""


class SupportUpdateRequest(_Request):
    """The next state of a support record."""

    state: SupportState
    note: Note = ""


class SupportQuery(_Request):
    """Which support records to list."""

    state: SupportState | None = Field(None, description="Only those in this state.")
    after: int = Field(0, ge=0, le=MAX_SUPPORT_ID, description="The last id of the page before.")
    limit: int = Field(100, ge=1, le=500)


class FailureResponse(BaseModel):
    """What a self-test found, what it means and what to do about it."""

    code: str
    meaning: str
    remedy: str


class SupportResponse(BaseModel):
    """A support record."""

    id: int
    serial: str
    state: SupportState
    failures: list[FailureResponse]
    opened_at: float
    changed_at: float


class SupportChangeResponse(BaseModel):
    """One line of a support record's history."""

    at: float
    actor: str
    state: SupportState
    note: str


class SupportCaseResponse(SupportResponse):
    """A support record with its report and its history, oldest change first."""

    report: dict[str, JsonValue]
    changes: list[SupportChangeResponse]


class AuditResponse(BaseModel):
    """One entry of the record."""

    sequence: int
    at: float
    actor: str
    action: str
    serial: str | None
    outcome: str
    step: int | None


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class TimeRequest(_Request):
    """Where to move the test clock to."""

    now: float = Field(ge=0, le=1e12, description="Unix time; never earlier than it was.")


class TimeResponse(BaseModel):
    """The test clock's time."""

    now: float
