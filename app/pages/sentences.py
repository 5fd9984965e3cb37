"""Sentences that come from below the pages and are shown on them: listed here for translation."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated later
    return text


FROM_BELOW = (
    N_("Who you are"),
    N_("Your name"),
    N_("Your e-mail address"),
    N_("Your postal address"),
    N_("Your phone number"),
    N_("Keep access while you are away"),
    N_("This page has expired"),
    N_("Load the page again. Cookies have to be allowed for this site."),
    N_("The form could not be read."),
    N_("This sign-in link does not work"),
    N_("This sign-out link does not work"),
    N_("This sign-in is complete. Go back to the application."),
    N_("This page has expired. Go back to the application and begin again."),
    N_("This sign-in link has expired or was used before."),
    N_("The application is not known here."),
    N_("The application did not say where to go back to."),
    N_("The application did not say which one it is."),
    N_("The application and its ID token do not belong together."),
    N_("The application wants to go back to an address that it did not register."),
    N_("The user name is taken."),
    N_("A user name has 1 to 64 characters."),
    N_("A user name has letters, digits and punctuation, and no spaces or control characters."),
    N_("The letters of a user name belong to one script."),
    N_("A password has 8 to 256 characters."),
    N_("A password has no control characters."),
    N_("This password is on the lists that attackers try first. Choose another one."),
    N_("Accounts are made by the administrator here."),
    N_("No device waits under this code."),
    N_("Service Unavailable"),
    N_("The server is busy at the moment."),
    N_("The database is not available at the moment."),
)
