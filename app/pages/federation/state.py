"""The sealed cookie of a sign-in at an identity provider, which is valid for ten minutes.

It is only valid in the browser that it was issued to, and holds one thing at a time: a sign-in in
progress (`SignInTransaction`), or a returned user without an account yet (`PendingAccount`).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.responses import Response

from app.i18n.messages import N_
from app.oauth.federation.authentication import AuthenticationRequest
from app.pages.support.browser import Browser, cookie_name, set_cookie
from app.pages.support.languages import text_for
from app.security.encryption import SealError
from app.security.purposes import Purpose
from app.services.federation.identity_provider_rules import ExternalIdentity

FEDERATION_COOKIE = "postern_upstream"
NEW_ACCOUNT = "/login/new-here"
CONNECTIONS = "/account/connections"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignInTransaction:
    """A sign-in in progress at an identity provider.

    `session` holds the authentication request, `given` the form fields of the page on which the
    sign-in began.
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

    `groups` are the values of the provider's groups claim that are mapped to groups here.
    """

    elsewhere: dict[str, str]
    state: str
    given: dict[str, str]
    begun_at: float
    groups: list[str] = field(default_factory=list)

    @property
    def who(self) -> ExternalIdentity:
        return ExternalIdentity(**self.elsewhere)


REFUSAL_MESSAGES = {
    "denied": N_("You didn't finish signing in. Try again or sign in another way."),
    "disabled": N_("This account is disabled."),
    "other": N_(
        "Someone else started signing in with this browser. Nothing was changed. Sign in again."
    ),
    "stale": N_(
        "You were already signed in to that account. Sign in to it again, or choose another way."
    ),
}
"""Messages of the sign-in page for a user who has returned but is not signed in, by `told`."""

Kind = TypeVar("Kind", SignInTransaction, PendingAccount)
PURPOSES: Mapping[type, Purpose] = {
    SignInTransaction: Purpose.SIGN_IN_TRANSACTION,
    PendingAccount: Purpose.PENDING_ACCOUNT,
}


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


def keep(
    browser: Browser, response: Response, value: SignInTransaction | PendingAccount
) -> Response:
    # an earlier release does not know `groups`, which are rare
    content = {name: part for name, part in asdict(value).items() if name != "groups" or part}
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    box = browser.services.core.box(PURPOSES[type(value)])
    sealed = base64.urlsafe_b64encode(box.seal(payload, context=browser.identifier))
    set_cookie(browser.services, response, FEDERATION_COOKIE, sealed.decode(), lasts=LASTS)
    return response


def kept(browser: Browser, kind: type[Kind]) -> Kind | None:
    """Return the content of the cookie, or None if it is of another kind, invalid or expired."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, FEDERATION_COOKIE), "")
    try:
        box = browser.services.core.box(PURPOSES[kind])
        payload = box.open(base64.urlsafe_b64decode(sealed), context=browser.identifier)
    except (SealError, ValueError):
        return None
    value = kind(**json.loads(payload))
    begun_at = datetime.fromtimestamp(value.begun_at, UTC)
    return value if browser.services.core.clock.now() - begun_at <= LASTS else None


def forget(browser: Browser, response: Response) -> Response:
    set_cookie(browser.services, response, FEDERATION_COOKIE, "")
    return response


def refusal_message(browser: Browser) -> dict[str, str]:
    """Return the message that the `told` parameter of the URL names, as an error of the page."""
    message = REFUSAL_MESSAGES.get(browser.request.query_params.get("told", ""))
    return {"": text_for(browser.request)(message)} if message is not None else {}
