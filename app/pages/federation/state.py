"""The sealed cookie of a sign-in at an identity provider, which is valid for ten minutes.

It is only valid in the browser that it was issued to, and holds one thing at a time: a sign-in in
progress (`SignInTransaction`), or a returned user without an account yet (`PendingAccount`).
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.oauth.federation.authentication import AuthenticationRequest
from app.observability.logging import logger
from app.pages.support import Browser
from app.pages.support.cookies import BASE64, OMITTED_IF_EMPTY, SealedCookie
from app.security.purposes import Purpose
from app.services.federation.identity_provider_rules import ExternalIdentity

NAME = "postern_upstream"
LASTS = timedelta(minutes=10)
MAXIMUM_BYTES = 3800
"""Longest sealed value; a browser has room for 4,096 bytes with name and attributes."""
DROPPED_TEXTS = ("name", "email", "username")
"""Members of the external identity that a new account can do without, in the order in which they
are dropped. Without all of them, every identity fits."""

log = logger(__name__)


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


def store_pending_account(browser: Browser, pending_account: PendingAccount) -> None:
    """Store a pending account, without what the cookie has no room for.

    The last groups are dropped first; the user gets them at the next sign-in. If there is no room
    without groups either, texts are dropped, which the user can enter in the new account.
    """
    for candidate in _without_texts(pending_account):
        count = _groups_that_fit(browser, candidate)
        if count >= 0:
            break
    stored = replace(candidate, groups=candidate.groups[: max(count, 0)])
    _log_difference(pending_account, stored)
    PENDING_ACCOUNT.set(browser, stored)


def _without_texts(pending_account: PendingAccount) -> Iterator[PendingAccount]:
    """Yield the pending account, then without one text, without two, and so on."""
    yield pending_account
    elsewhere = pending_account.elsewhere
    for name in DROPPED_TEXTS:
        elsewhere = {**elsewhere, name: ""}
        yield replace(pending_account, elsewhere=elsewhere)


def _groups_that_fit(browser: Browser, pending_account: PendingAccount) -> int:
    """Return how many groups, from the first, fit into the cookie; -1 if it is full without any."""

    def length(count: int) -> int:
        shorter = replace(pending_account, groups=pending_account.groups[:count])
        return len(PENDING_ACCOUNT.seal(browser, shorter, context=browser.identifier))

    counts = range(len(pending_account.groups) + 1)
    return bisect_right(counts, MAXIMUM_BYTES, key=length) - 1


def _log_difference(pending_account: PendingAccount, stored: PendingAccount) -> None:
    """Log which groups and texts were dropped; the texts themselves are personal data."""
    dropped = [
        name for name, text in pending_account.elsewhere.items() if text != stored.elsewhere[name]
    ]
    groups = pending_account.groups[len(stored.groups) :]
    if groups:
        dropped.append(f"the last {len(groups)} of {len(pending_account.groups)} groups")
    if dropped:
        provider = pending_account.elsewhere["provider"]
        log.warning(
            "identity provider %s: a cookie has no room for %s", provider, ", ".join(dropped)
        )


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
