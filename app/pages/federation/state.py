"""The sealed cookie of a sign-in at an identity provider, which is valid for ten minutes.

It is only valid in the browser that it was issued to, and holds one thing at a time: a sign-in in
progress (`SignInTransaction`), or a returned user without an account yet (`PendingAccount`).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.oauth.federation.authentication import AuthenticationRequest
from app.pages.support import Browser
from app.pages.support.cookies import BASE64, OMITTED_IF_EMPTY, SealedCookie
from app.security.purposes import Purpose
from app.services.federation.identity_provider_rules import ExternalIdentity

NAME = "postern_upstream"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignInTransaction:
    """A sign-in in progress at an identity provider.

    `session` holds the authentication request, `given` the fields of the continuation.
    `user_id` and `session_id` are set if the external identity is to be linked: only to that
    account, and only in that session of this browser.
    """

    provider: str
    state: str
    session: dict[str, Any]
    given: dict[str, str]
    is_fresh: bool
    begun_at: float
    user_id: str = ""
    session_id: str = ""

    @property
    def authentication_request(self) -> AuthenticationRequest:
        values = self.session[_session_key(self.provider, self.state)]["data"]
        return AuthenticationRequest(
            redirect_uri=values["redirect_uri"],
            state=self.state,
            nonce=values["nonce"],
            code_verifier=values["code_verifier"],
        )


@dataclass(frozen=True, slots=True)
class PendingAccount:
    """An external identity without an account; a form is matched to it by `state`.

    `groups` are the values of the provider's groups claim that are mapped to groups here. An
    earlier release does not know them.
    """

    elsewhere: dict[str, str]
    state: str
    given: dict[str, str]
    begun_at: float
    groups: list[str] = field(default_factory=list, metadata=OMITTED_IF_EMPTY)

    @property
    def identity(self) -> ExternalIdentity:
        return ExternalIdentity(**self.elsewhere)


TRANSACTION = SealedCookie(
    name=NAME,
    content=SignInTransaction,
    purpose=Purpose.SIGN_IN_TRANSACTION,
    since="begun_at",
    lasts=LASTS,
    max_age=LASTS,
    encoding=BASE64,
)
PENDING_ACCOUNT = SealedCookie(
    name=NAME,
    content=PendingAccount,
    purpose=Purpose.PENDING_ACCOUNT,
    since="begun_at",
    lasts=LASTS,
    max_age=LASTS,
    encoding=BASE64,
)


def clear(browser: Browser) -> None:
    """Remove the cookie, whichever it holds."""
    TRANSACTION.clear(browser)


def session_of(provider: str, request: AuthenticationRequest) -> dict[str, Any]:
    """Return the `session` of a sign-in.

    Its layout is that of earlier releases (the session of Authlib's client), so that of two servers
    during an upgrade each can complete a sign-in that the other started.
    """
    values = {
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.code_verifier,
        "nonce": request.nonce,
    }
    return {_session_key(provider, request.state): {"data": values}}


def _session_key(provider: str, state: str) -> str:
    return f"_state_{provider}_{state}"
