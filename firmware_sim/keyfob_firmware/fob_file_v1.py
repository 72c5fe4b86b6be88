"""Fob files of format version 1, which knew no memory, battery or machine: read, and kept as version 2 from then on."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from keyfob.oscillator import Oscillator
from keyfob.parameters import Parameters
from keyfob.seed import SealedSeed
from keyfob_firmware.credential import Credential
from keyfob_firmware.machine import State
from keyfob_firmware.memory import Memory
from keyfob_firmware.state import FobState
from keyfob_firmware.storage import Storage


@dataclass(frozen=True, slots=True)
class _Credential:
    sealed: SealedSeed
    parameters: Parameters
    account: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class _Fob:
    fob_id: str
    owner_id: str
    serial: str
    oscillator: Oscillator
    credential: _Credential | None
    pressed_at: float | None
    presses: int


class _Document(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, ser_json_bytes="base64", val_json_bytes="base64"
    )

    format: Literal["keyfob fob"]
    version: Literal[1]
    fob: _Fob


def upgraded(content: bytes) -> FobState:
    """The fob in a file of version 1.

    Raises:
        pydantic.ValidationError: it is not as version 1 wrote it.
    """
    fob = _Document.model_validate_json(content).fob
    memory = Memory()
    storage = Storage(memory)
    storage.woken.burn()
    held = fob.credential
    if held is not None:
        storage.seed.write(Credential(held.sealed, held.parameters, held.account, held.issuer).to_bytes())
    return FobState(
        fob.fob_id,
        fob.owner_id,
        fob.serial,
        fob.oscillator,
        memory.image(),
        mode=State.UNPROVISIONED if held is None else State.IDLE,
        pressed_at=fob.pressed_at,
        presses=fob.presses,
    )
