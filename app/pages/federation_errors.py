"""Error pages of sign-ins at an identity provider."""

from starlette.responses import Response

from app.models.identity_providers import IdentityProvider
from app.oauth.identity_provider import ProviderUnavailableError
from app.observability import refusals
from app.observability.logging import logger
from app.pages.browser import Browser
from app.pages.federation_state import forget
from app.pages.languages import text_for
from app.pages.messages import N_
from app.pages.templating import page

log = logger(__name__)

AWAY = (N_("The other provider does not answer"), N_("You could not be signed in there now."))
NONSENSE = (
    N_("The other provider gave a wrong answer"),
    N_("It could not be made sure who you are there."),
)
THEIRS = N_("It is the other provider's turn. Wait a little, or choose another way to sign in.")
LOST = (
    N_("This sign-in cannot go on"),
    N_("It began too long ago, in another browser, or was completed before."),
)
NO_FLOW = "no sign-in of this browser has this state, or it was completed or is too old"
OTHER_PERSON = "the account that is being connected is not the current one any more"


def failed(
    browser: Browser, provider: IdentityProvider, error: Exception, *, again: str
) -> Response:
    log.warning("provider %s: %s", provider.name, error)
    reason = f"the identity provider {provider.name}: {error}"
    texts = AWAY if isinstance(error, ProviderUnavailableError) else NONSENSE
    return forget(browser, problem(browser, texts, THEIRS, reason, again=again, status=502))


def problem(
    browser: Browser,
    said: tuple[str, str],
    advice: str,
    reason: str,
    *,
    again: str,
    status: int = 400,
) -> Response:
    """Return an error page; its request id identifies the log record with the private `reason`."""
    text = text_for(browser.request)
    heading, message = said
    code = "upstream_failed" if status >= 500 else "upstream_expired"
    refusals.note_refusal(code, reason)
    response = page(
        browser.request,
        "error.html",
        status=status,
        heading=text(heading),
        message=text(message),
        advice=text(advice),
        details=code,
        again=again,
        errors={},
        request_id=str(browser.request.scope.get("request_id", "")),
    )
    return browser.keep(response)
