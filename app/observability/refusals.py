"""Reasons of refused requests: noted when an error becomes a response, logged once at the end.

An error has a private `reason` for the log; its public description is the same for many
reasons. A reason never contains a token, a secret, a password or a code.
"""

import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.observability import request_context
from app.observability.logging import logger

log = logger(__name__)

REFUSAL = "refusal"
INVALID_FORM = "invalid_form"
EXPLAINED = "refusal_explained"
SERVER_ERROR = "server_error"
SAYS_ITSELF = "see the response"
MAXIMUM_WORD = 160
"""Characters of a word in a command, so that the whole command fits into a reason."""
_USER_INFO = re.compile(r"//[^/@]*@")


class Refusal(NamedTuple):
    error: str
    reason: str


class RefusedRequest(NamedTuple):
    """A refused request, as it is logged, and what else helps to explain it.

    `network` is the /24 or /48 of the caller, and `path` has no query. `user_id` is the user whose
    sign-in was refused.
    """

    request_id: str
    error: str
    reason: str
    status: int
    method: str
    path: str
    client_id: str | None
    user_id: str | None
    network: str


def note(error: Exception) -> None:
    """Note why the current request is refused: the private reason, or the public description."""
    code = getattr(error, "error_code", None) or getattr(error, "error", None)
    scope = request_context.scope() or {}
    reasons = (
        getattr(error, "reason", None),
        scope.get(EXPLAINED),
        getattr(error, "detail", None),
        getattr(error, "description", None),
        type(error).__name__,
    )
    note_refusal(str(code or SERVER_ERROR), str(next(filter(None, reasons))))


def explain(reason: str) -> None:
    """Store the reason of a refusal that is raised further up, where the reason is unknown."""
    scope = request_context.scope()
    if scope is not None:
        scope[EXPLAINED] = reason


def note_form(reason: str) -> None:
    """Note that a page's form was rejected, for the explained reason or else for this one."""
    scope = request_context.scope()
    if scope is not None and REFUSAL not in scope:
        note_refusal(INVALID_FORM, scope.get(EXPLAINED) or reason)


def note_refusal(error: str, reason: str) -> None:
    scope = request_context.scope()
    if scope is not None:
        scope[REFUSAL] = Refusal(error, request_context.loggable(reason))


def write(scope: Mapping[str, Any], *, status: int, request_id: str) -> RefusedRequest:
    """Write the log record of a refused request, and return what it says."""
    explained = scope.get(EXPLAINED) or SAYS_ITSELF
    error, reason = scope.get(REFUSAL) or Refusal(str(status), explained)
    client_id = request_context.client_id()
    log.info(
        "request %s of client %s was refused with %s (%s): %s",
        request_id,
        client_id or "-",
        error,
        status,
        reason,
        extra={
            "request_id": request_id,
            "client_id": client_id,
            "error": error,
            "reason": reason,
            "status": status,
        },
    )
    return RefusedRequest(
        request_id=request_id,
        error=error,
        reason=reason,
        status=status,
        method=scope["method"],
        path=scope["path"],
        client_id=client_id,
        user_id=scope.get(request_context.USER_ID),
        network=request_context.wider_network(),
    )


def shown_uri(uri: str) -> str:
    """Return a URI from a caller for use in a reason, without parts that may be secret."""
    return _USER_INFO.sub("//", re.split(r"[?#]", uri, maxsplit=1)[0])[
        : request_context.MAXIMUM_SHOWN
    ]


def shell_word(text: str, otherwise: str) -> str:
    """Return an identifier as one word of the command that a reason suggests.

    A caller chose the identifier, and the operator may copy the command into a shell. For one that
    is too long, the word is `otherwise`.
    """
    word = shlex.quote(text)
    return word if len(word) <= MAXIMUM_WORD else otherwise
