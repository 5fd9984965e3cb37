"""Translatable messages that other layers produce and the pages show."""

from app.i18n.messages import N_

BUSY = N_("Too many people are signing in right now. Try again in a minute.")

FROM_BELOW = (
    N_("Your identity"),
    N_("Your name"),
    N_("Your email address"),
    N_("Your postal address"),
    N_("Your phone number"),
    N_("Your data, even while you're away"),
    N_("The groups you belong to"),
    N_("Your roles"),
    N_("This page has expired"),
    N_("It's from an earlier visit, or cookies are blocked for this site."),
    N_("This sign-in link doesn't work"),
    N_("This sign-out link doesn't work"),
    N_("A username must have 1 to 64 characters."),
    N_(
        "A username can contain letters, digits and punctuation, but no spaces or control "
        "characters."
    ),
    N_("A username can't mix letters from different scripts."),
    N_("Each letter in a username can have at most one accent, and i, j and l can't have any."),
    N_("A password must have %(minimum)s to 256 characters."),
    N_("A password can't contain control characters."),
    N_("This is the last administrator. Make another user an administrator first."),
    N_("Only a full administrator may change what carries an administrative role or scope."),
    N_("The object was changed in the meantime. Read it again."),
    N_("Bad Request"),
    N_("Unauthorized"),
    N_("Forbidden"),
    N_("Not Found"),
    N_("Method Not Allowed"),
    N_("Request Timeout"),
    N_("Conflict"),
    N_("Precondition Failed"),
    N_("Precondition Required"),
    N_("Gone"),
    N_("Content Too Large"),
    N_("Unprocessable Content"),
    N_("Unsupported Media Type"),
    N_("Too Many Requests"),
    N_("Internal Server Error"),
    N_("Bad Gateway"),
    N_("Service Unavailable"),
    N_("The server is busy. Try again in a moment."),
    N_("The database is unavailable. Try again in a moment."),
)
