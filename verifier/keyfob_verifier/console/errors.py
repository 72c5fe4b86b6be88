"""What can be wrong with a form."""

from keyfob_verifier.errors import VerifierError


class FormRefusedError(VerifierError):
    """A form came back that this session was not given."""

    code = "form-refused"
    status = 403

    def __init__(self) -> None:
        super().__init__("this form is not of your present session: open the page anew and send it again")
