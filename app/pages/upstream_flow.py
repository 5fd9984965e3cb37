"""What a browser carries while somebody signs in elsewhere, and after it, for ten minutes.

It is sealed, worth nothing in another browser, and one thing at a time: the way there, or who came
back and has no account here yet.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.responses import Response

from app.pages.browser import Browser, cookie_name, set_cookie
from app.pages.languages import text_for
from app.pages.sentences import N_
from app.security.encryption import SealError
from app.services.upstream_rules import Elsewhere

UPSTREAM_COOKIE = "postern_upstream"
NEW_HERE = "/login/new-here"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Flow:
    """A way there. `session` is Authlib's, `given` the fields of the page that it began on.

    `user_id` and `session_id` are there where somebody wants to link what he comes back with: it is
    for that account, and for that session of this browser.
    """

    provider: str
    state: str
    session: dict[str, Any]
    given: dict[str, str]
    is_fresh: bool
    begun_at: float
    user_id: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who came back and has no account here yet; by the state a page knows that it is about him."""

    elsewhere: dict[str, str]
    state: str
    given: dict[str, str]
    begun_at: float

    @property
    def who(self) -> Elsewhere:
        return Elsewhere(**self.elsewhere)


WHY_NOT = {
    "denied": N_("You did not sign in there. Try again, or choose another way."),
    "disabled": N_("This account is disabled."),
    "other": N_(
        "Someone else started signing in in this browser. Nothing was changed. Sign in again."
    ),
    "stale": N_("You were signed in there already. Sign in there again, or choose another way."),
}
"""What the sign-in page says to who came back and is not signed in."""

Kind = TypeVar("Kind", Flow, Newcomer)
PURPOSES: Mapping[type, str] = {Flow: "upstream flow", Newcomer: "upstream newcomer"}


def keep(browser: Browser, response: Response, value: Flow | Newcomer) -> Response:
    said = json.dumps(asdict(value), ensure_ascii=False, separators=(",", ":")).encode()
    box = browser.services.box(PURPOSES[type(value)])
    sealed = base64.urlsafe_b64encode(box.seal(said, context=browser.identifier))
    set_cookie(browser.services, response, UPSTREAM_COOKIE, sealed.decode(), lasts=LASTS)
    return response


def kept(browser: Browser, kind: type[Kind]) -> Kind | None:
    """What this browser carries, if it is of this kind and not too old."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, UPSTREAM_COOKIE), "")
    try:
        box = browser.services.box(PURPOSES[kind])
        opened = box.open(base64.urlsafe_b64decode(sealed), context=browser.identifier)
    except (SealError, ValueError):
        return None
    value = kind(**json.loads(opened))
    begun_at = datetime.fromtimestamp(value.begun_at, UTC)
    return value if browser.services.clock.now() - begun_at <= LASTS else None


def forget(browser: Browser, response: Response) -> Response:
    set_cookie(browser.services, response, UPSTREAM_COOKIE, "")
    return response


def why_not(browser: Browser) -> dict[str, str]:
    """The sentence that an address of ours names, as an error of the page."""
    sentence = WHY_NOT.get(browser.request.query_params.get("told", ""))
    return {"": text_for(browser.request)(sentence)} if sentence is not None else {}
