"""Error pages of sign-ins at an identity provider."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.errors import ProviderUnavailableError
from app.observability import refusals
from app.observability.logging import logger
from app.pages.federation.state import clear
from app.pages.support import Browser
from app.pages.support.templating import page

log = logger(__name__)

AWAY = (N_("The sign-in service isn't responding"), N_("We couldn't sign you in."))
NONSENSE = (
    N_("The sign-in service sent an invalid response"),
    N_("We couldn't verify your identity."),
)
THEIRS = N_(
    "The problem is with the sign-in service. Try again in a minute, or sign in another way."
)
LOST = (
    N_("This sign-in can't continue"),
    N_("It was started too long ago or in another browser, or it's already complete."),
)
NO_FLOW = "this browser has no sign-in with this state, or it was completed or has expired"
OTHER_PERSON = "the account being connected is no longer the current one"


def failed(
    browser: Browser, provider: IdentityProvider, error: Exception, *, again: str
) -> Response:
    """Return an error page after a sign-in that the provider has made impossible."""
    log.warning("identity provider %s: %s", provider.name, error)
    reason = f"the identity provider {provider.name}: {error}"
    texts = AWAY if isinstance(error, ProviderUnavailableError) else NONSENSE
    clear(browser)
    return problem(browser, texts, THEIRS, reason, again=again, status=502)


def problem(
    browser: Browser,
    texts: tuple[str, str],
    advice: str,
    reason: str,
    *,
    again: str,
    status: int = 400,
) -> Response:
    """Return an error page; its request id identifies the log record with the private `reason`."""
    heading, message = texts
    code = "upstream_failed" if status >= 500 else "upstream_expired"
    refusals.note_refusal(code, reason)
    return page(
        browser.request,
        "error.html",
        status=status,
        heading=browser.text(heading),
        message=browser.text(message),
        advice=browser.text(advice),
        details=code,
        again=again,
        errors={},
        request_id=str(browser.request.scope.get("request_id", "")),
    )
