"""What is wrong with the time, where that is told."""

from collections.abc import Sequence

from keyfob_verifier.errors import VerifierError


class ClockUnreliableError(VerifierError):
    """The host's clock was stepped, or is not the database's; codes are judged, and nothing is learned from them.

    Attributes:
        reasons: one sentence each.
    """

    code = "clock-unreliable"
    status = 503

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"{'; '.join(reasons)}: see to the host's time synchronization")
