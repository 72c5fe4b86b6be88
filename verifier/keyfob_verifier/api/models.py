"""What the HTTP interface takes and gives."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from keyfob import Algorithm
from keyfob.parameters import MAX_TIME_STEP_S
from keyfob.seed import MAX_SEED_BYTES
from keyfob_verifier.attempts import Challenge
from keyfob_verifier.decide.policies.look_ahead import MAX_COUNTER
from keyfob_verifier.ocra_secrets import MAX_PIN_CHARACTERS
from keyfob_verifier.records import SupportState, TokenKind
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.support import MAX_NOTE_CHARACTERS

MAX_SUPPORT_ID = 2**63 - 1

Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["KF0123456789"])]
Code = Annotated[str, Field(max_length=64, examples=["123456"], description="Single spaces are fine.")]
Question = Annotated[
    str | None,
    Field(
        max_length=128,
        description="What the code answers: one that was asked here, or the caller's own. For ocra tokens alone.",
    ),
]
Session = Annotated[
    str | None,
    Field(
        pattern=r"^([0-9A-Fa-f]{2}){0,512}$",
        description="Session information in hexadecimal, where the token's suite wants some.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Note = Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS, description="For whoever deals with it.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnrolRequest(_Request):
    """A token to enrol; only the account is needed.

    Of an ocra token the suite says hash, digits and time step: `algorithm`, `digits` and `time_step_s` are left out.
    """

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
    kind: TokenKind = Field(
        TokenKind.TOTP,
        description="What its codes are made of: the time (RFC 6238), a counter (RFC 4226), or the question that it is "
        "asked and what else its suite names (RFC 6287).",
    )
    counter: int = Field(
        0,
        ge=0,
        le=MAX_COUNTER,
        description="Of its next code; for a hotp token, or a suite that names a counter.",
    )
    suite: str | None = Field(
        None,
        max_length=64,
        examples=["OCRA-1:HOTP-SHA256-8:C-QN08"],
        description="An ocra token's (RFC 6287), with responses of 6 to 10 digits.",
    )
    pin: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_PIN_CHARACTERS,
        repr=False,
        description="An ocra token's, where its suite names one. It is not told again, nor can it be changed.",
    )


class _Answering(_Request):
    question: Question = None
    session: Session = None

    @model_validator(mode="after")
    def _require_question(self) -> Self:
        if self.session is not None and self.question is None:
            raise PydanticCustomError("question_missing", "session goes with a question, and there is none")
        return self

    @property
    def challenge(self) -> Challenge | None:
        """What the code answers."""
        if self.question is None:
            return None
        return Challenge(self.question, None if self.session is None else bytes.fromhex(self.session))


class CodeRequest(_Answering):
    """One code."""

    code: Code


class ValidateRequest(_Answering):
    """A code and the token that it should be of."""

    serial: Serial
    code: Code
    source: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="Where the person is, such as an address or a device that the caller vouches for.",
    )


class ResyncRequest(_Answering):
    """Two consecutive codes, in their order; of a token that answers questions, both to the same one."""

    first_code: Code
    second_code: Code


class AnswerResponse(BaseModel):
    """What a caller learns of a code. One who may diagnose learns more: the reason, or by problem 429 to retry later."""

    answer: Literal["accepted", "refused"]
    reason: Reason | None = Field(default=None, description="Why; only for those who may diagnose.")


class QuestionResponse(BaseModel):
    """A question to show to a token's holder, who types it and reads the answer."""

    question: str
    open_s: float = Field(
        description="For how many seconds it may be answered. A token whose suite names neither counter nor time is "
        "held to it, and the verifier accepts no answer to a question that it did not ask."
    )


class DriftResponse(BaseModel):
    """The fob's clock less true time as the verifier believes it to be now, each with its standard deviation."""

    offset_s: float
    offset_sd_s: float
    rate_ppm: float
    rate_sd_ppm: float


class TokenResponse(BaseModel):
    """A token's state, without its seed. What goes with time is null where time does not move its codes on."""

    serial: str
    account: str
    issuer: str
    kind: TokenKind
    suite: str | None
    algorithm: Algorithm
    digits: int
    time_step_s: int | None = Field(description="X; null where time does not move its codes on.")
    grade_ppm: float
    status: Literal["pending", "active", "resync-required", "revoked"]
    created_at: float
    activated_at: float | None
    revoked_at: float | None
    last_used_step: int | None = Field(
        description="The newest time step of which a code was used: it and all older ones are used up. Null for none."
    )
    next_counter: int | None = Field(
        description="The least counter that its next code may have: all older ones are used up. Null without a counter."
    )
    drift: DriftResponse | None


class QrResponse(BaseModel):
    """The QR code of the provisioning URI, as a data URI that an `<img>` shows."""

    media_type: Literal["image/png", "image/svg+xml"]
    data_uri: str = Field(repr=False)


class EnrolResponse(BaseModel):
    """An enrolled token, with what holds its seed and is told this once."""

    token: TokenResponse
    seed: str = Field(repr=False, description="In base32.")
    uri: str | None = Field(
        repr=False, description="For provisioning; null for an ocra token, which has no such URI."
    )
    qr: QrResponse | None = Field(repr=False)


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
