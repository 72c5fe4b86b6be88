"""What a fob is provisioned with, and how that lies in its memory: the seed in it sealed."""

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import SealedSeed


class Kind(StrEnum):
    """What its codes are made of."""

    TOTP = "totp"  # the time (RFC 6238)
    HOTP = "hotp"  # a counter (RFC 4226)
    OCRA = "ocra"  # a question, and what else its suite names (RFC 6287)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a fob was provisioned with.

    Attributes:
        sealed: the seed, bound to the fob's owner, its id and the parameters.
        parameters: how codes come from it; of OCRA only the algorithm and the digits matter.
        account: whose it is, as the otpauth URI named it.
        issuer: where it is good for; None if the URI named nobody.
        kind: what its codes are made of.
        suite: OCRA's suite; None for the other kinds.
    """

    sealed: SealedSeed
    parameters: Parameters
    account: str
    issuer: str | None
    kind: Kind = Kind.TOTP
    suite: str | None = None

    def to_bytes(self) -> bytes:
        """As the fob's memory holds it."""
        parameters = self.parameters
        fields = {
            "sealed": base64.b64encode(self.sealed.to_bytes()).decode(),
            "algorithm": parameters.algorithm.value,
            "digits": parameters.digits,
            "time_step_s": parameters.time_step_s,
            "t0_s": parameters.t0_s,
            "account": self.account,
            "issuer": self.issuer,
            "kind": self.kind.value,
            "suite": self.suite,
        }
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The opposite of `to_bytes`.

        Raises:
            ValueError, KeyError, KeyfobError: it is something else.
        """
        fields = json.loads(content)
        return cls(
            SealedSeed.from_bytes(base64.b64decode(fields["sealed"], validate=True)),
            Parameters(
                Algorithm(fields["algorithm"]), fields["digits"], fields["time_step_s"], fields["t0_s"]
            ),
            fields["account"],
            fields["issuer"],
            Kind(fields["kind"]),
            fields["suite"],
        )
