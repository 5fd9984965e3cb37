"""Messages of the sign-in page for a user who has returned to it without being signed in."""

from collections.abc import Mapping

from app.i18n.messages import N_
from app.pages.support import PageRequest

REFUSAL_MESSAGES: Mapping[str, str] = {
    "denied": N_("You didn't finish signing in. Try again or sign in another way."),
    "disabled": N_("This account is disabled."),
    "other": N_(
        "Someone else started signing in with this browser. Nothing was changed. Sign in again."
    ),
    "method": N_("This app doesn't accept that way to sign in. Choose another one."),
    "stale": N_(
        "You were already signed in to that account. Sign in to it again, or choose another way."
    ),
}
"""The messages, by the `told` parameter of the URL."""


def refusal_message(request: PageRequest) -> dict[str, str]:
    """Return the message that the URL names, as an error of the page."""
    message = REFUSAL_MESSAGES.get(request.fields.get("told", ""))
    return {"": request.text(message)} if message is not None else {}
