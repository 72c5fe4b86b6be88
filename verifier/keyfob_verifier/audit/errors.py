"""What can be wrong with the record, its checkpoints and their keys."""

from keyfob_verifier.errors import VerifierError


class InvalidCheckpointError(VerifierError):
    """What was given is no checkpoint as keyfob writes one."""

    code = "invalid-checkpoint"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not a usable checkpoint: {reason}; take one that 'keyfob audit checkpoint' wrote")


class InvalidPublicKeyError(VerifierError):
    """What was given is no Ed25519 public key in hexadecimal digits, nor a file with one."""

    code = "invalid-public-key"

    def __init__(self) -> None:
        super().__init__(
            "a public key has 64 hexadecimal digits, given as such or in a file: "
            "take the one that 'keyfob audit public-key' printed"
        )


class CheckpointNotFoundError(VerifierError):
    """No checkpoint was made yet."""

    code = "checkpoint-not-found"
    status = 404

    def __init__(self) -> None:
        super().__init__(
            "there is no checkpoint yet: a running verifier makes one every ten minutes in which something happened, "
            "and 'keyfob audit checkpoint' makes one now"
        )


class CheckpointNotDeliveredError(VerifierError):
    """A checkpoint could not be put where it was to go.

    Attributes:
        place: the file or URL, without a password.
        reason: what the system or the server said.
    """

    code = "checkpoint-not-delivered"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"the checkpoint could not be put at {place}: {reason}; it is in the database, try again"
        )


class AuditTamperedError(VerifierError):
    """The record is not as keyfob wrote it.

    Attributes:
        finding: the first fault, in one sentence.
    """

    code = "audit-tampered"

    def __init__(self, finding: str) -> None:
        self.finding = finding
        super().__init__(
            f"the record is not as it was written: {finding}; keep the database as it is and investigate"
        )


class DamagedRecordError(VerifierError):
    """The record has no chain left to go on from."""

    code = "damaged-record"

    def __init__(self) -> None:
        super().__init__("the chains of the record were removed from the database: restore it from a backup")


class PruneTimeError(VerifierError):
    """Entries were to be removed up to a moment that has not come yet."""

    code = "prune-time"

    def __init__(self) -> None:
        super().__init__("only what is past can be removed from the record: name an earlier date")


class PruneUnconfirmedError(VerifierError):
    """Entries were to be removed, and nobody said that they may be."""

    code = "prune-unconfirmed"

    def __init__(self) -> None:
        super().__init__("entries that are removed are gone: say --yes, or answer at a terminal")
