"""What can be wrong with a backup."""

from pathlib import Path

from keyfob_verifier.errors import VerifierError


class BackupExistsError(VerifierError):
    """There is a file where a backup was to be written."""

    code = "backup-exists"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"there is a file {path} already: give the backup another name")


class BackupNotWrittenError(VerifierError):
    """The system refused to take the backup's file; nothing of it is left."""

    code = "backup-not-written"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"the backup {path} cannot be written: {reason}; no part of it was kept")


class NotABackupError(VerifierError):
    """A file that is no backup, or of a form that this keyfob does not know."""

    code = "not-a-backup"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} is no backup that this keyfob knows: name a file that 'keyfob backup' wrote"
        )


class DamagedBackupError(VerifierError):
    """A backup does not hold what its manifest says.

    Attributes:
        where: the table that differs.
    """

    code = "damaged-backup"

    def __init__(self, path: Path, where: str) -> None:
        self.path, self.where = path, where
        super().__init__(f"{path} was damaged or altered ({where}): restore another backup")


class ClockBehindBackupError(VerifierError):
    """By this machine's clock the backup was made in the future, so nobody can tell which codes were used since."""

    code = "clock-behind-backup"

    def __init__(self, behind_s: float) -> None:
        self.behind_s = behind_s
        super().__init__(
            f"this machine's clock is {behind_s:.0f} s behind the time at which the backup was made: set it first"
        )
