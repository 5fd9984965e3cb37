"""Kinds of clients as the console offers them: one line and the few questions of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.i18n.messages import N_
from app.pages.admin.client_forms import HOME_PAGE, LOGO, LOGOUT_URIS, NAME, REDIRECT_URIS, SCOPE
from app.pages.admin.forms import Field
from app.services.clients.kinds import KindName


@dataclass(frozen=True, slots=True)
class OfferedKind:
    """A kind in the words of someone who has an app and wants it to have a sign-in."""

    label: str
    explanation: str
    fields: Sequence[Field]


NATIVE_URIS = replace(
    REDIRECT_URIS,
    hint=N_("For example, com.example.app:/callback or http://127.0.0.1/callback."),
)
KINDS: Mapping[KindName, OfferedKind] = {
    "web": OfferedKind(
        N_("Web app"),
        N_("It runs on a server, which can keep a secret."),
        (NAME, REDIRECT_URIS, LOGOUT_URIS, HOME_PAGE, LOGO),
    ),
    "spa": OfferedKind(
        N_("Single-page app"),
        N_("It runs in the browser, without a server of its own. It has no secret."),
        (NAME, REDIRECT_URIS, LOGOUT_URIS, HOME_PAGE, LOGO),
    ),
    "native": OfferedKind(
        N_("Mobile or desktop app"),
        N_("It is installed on a phone or a computer. It has no secret."),
        (NAME, NATIVE_URIS, HOME_PAGE, LOGO),
    ),
    "device": OfferedKind(
        N_("TV or command line"),
        N_("Users type a short code on another device. It has no secret."),
        (NAME, HOME_PAGE, LOGO),
    ),
    "service": OfferedKind(
        N_("Service"),
        N_("It calls an API by itself, without a user. It has a secret."),
        (NAME, SCOPE),
    ),
}
"""The kinds in the order in which they are offered."""
