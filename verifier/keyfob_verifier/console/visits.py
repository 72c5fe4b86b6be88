"""Who looks at a page, what they may do, and whether a form that came back is one that they were given."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from keyfob_verifier.access import Permission
from keyfob_verifier.access_errors import ForbiddenError
from keyfob_verifier.api.authentication import require_same_origin
from keyfob_verifier.api.sessions import secret_of
from keyfob_verifier.console.errors import FormRefusedError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.sessions import IDLE_S, SignedIn, form_token, resume

FORM_TOKEN = "form_token"  # noqa: S105  the name of a field
MAX_FIELDS = 16


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody who is signed in.

    Attributes:
        context: the installation.
        by: who.
        form_token: what this session's forms carry.
    """

    context: Context
    by: SignedIn
    form_token: str

    @property
    def tenant_id(self) -> str:
        """The tenant that is theirs."""
        return self.by.caller.tenant_id

    @property
    def actor(self) -> str:
        """Who they are, for the record."""
        return self.by.caller.actor

    def may(self, permission: str) -> bool:
        """Whether they may do that."""
        return self.by.caller.may(Permission(permission))

    def shown(self) -> dict[str, object]:
        """What every page of theirs is made with."""
        return {"visit": self, "idle_s": int(IDLE_S)}


def _visit(request: Request) -> Visit:
    context: Context = request.app.state.context
    secret = secret_of(request)
    return Visit(context, resume(context, secret), form_token(secret))


Visitor = Annotated[Visit, Depends(_visit)]


def permitted(permission: Permission) -> Callable[[Visit], Visit]:
    """A dependency that lets only those pass whose role has the permission."""

    def check(visit: Visitor) -> Visit:
        if not visit.may(permission):
            raise ForbiddenError(permission)
        return visit

    return check


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form of this server's own page, each once.

    Raises:
        ForeignOriginError: another site's page sent it.
        FormRefusedError: it is no form.
    """
    require_same_origin(request)
    try:
        fields = parse_qsl(
            (await request.body()).decode(),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise FormRefusedError from None
    return dict(fields)


Form = Annotated[Mapping[str, str], Depends(_form)]


def _own_form(visit: Visitor, form: Form) -> Mapping[str, str]:
    """A form that this session was given.

    Raises:
        FormRefusedError: it is another's.
    """
    if not hmac.compare_digest(form.get(FORM_TOKEN, "").encode(), visit.form_token.encode()):
        raise FormRefusedError
    return form


OwnForm = Annotated[Mapping[str, str], Depends(_own_form)]
