"""Icons of identity providers: a letter in the colour of each that is widely used.

They are our own drawings, not the logos, whose owners restrict their use. A provider is recognised
by its issuer, because an operator chooses its name and label freely.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

OTHER = "other"
"""The icon of a provider that is not recognised."""

HOSTS: Mapping[str, str] = {
    "accounts.google.com": "google",
    "login.microsoftonline.com": "microsoft",
    "login.microsoftonline.us": "microsoft",
    "login.live.com": "microsoft",
    "sts.windows.net": "microsoft",
    "ciamlogin.com": "microsoft",
    "b2clogin.com": "microsoft",
    "appleid.apple.com": "apple",
    "account.apple.com": "apple",
    "github.com": "github",
    "gitlab.com": "gitlab",
    "facebook.com": "facebook",
    "linkedin.com": "linkedin",
    "slack.com": "slack",
    "discord.com": "discord",
    "id.twitch.tv": "twitch",
    "okta.com": "okta",
    "okta-emea.com": "okta",
    "oktapreview.com": "okta",
    "auth0.com": "auth0",
    "zitadel.cloud": "zitadel",
    "login.yahoo.com": "yahoo",
    "salesforce.com": "salesforce",
}
"""Icons by the host of the issuer, or by a domain above it."""

PATHS: Mapping[str, str] = {"/realms/": "keycloak", "/application/o/": "authentik"}
"""Icons of servers that anyone can run, by a part of the issuer's path."""


def icon_of(issuer: str) -> str:
    """Return the name of the icon of an identity provider, without its suffix."""
    parts = urlsplit(issuer)
    labels = (parts.hostname or "").split(".")
    for start in range(len(labels)):
        icon = HOSTS.get(".".join(labels[start:]))
        if icon is not None:
            return icon
    return next((icon for part, icon in PATHS.items() if part in f"{parts.path}/"), OTHER)
