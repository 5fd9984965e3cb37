"""The scope that a page is about, and its form."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.languages import DEFAULT, LANGUAGES
from app.i18n.messages import N_
from app.models.oauth.resources import ResourceScope
from app.models.oauth.scopes import Scope
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep
from app.pages.admin.forms import Field
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.pages.support import ShowAgainError
from app.security.display_names import problem_with

PLACE = "scopes"
PATH = url_of(PLACE)
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names that are a part of a path as they are."""
ENCODED = "+"
TRANSLATION = "translation."
"""Beginning of the names of fields with a sentence in another language."""

WRONG_SENTENCE = N_("Enter a sentence of 1 to 200 characters.")
NAME = Field(
    "name",
    N_("Name"),
    hint=N_("Apps ask for it. It is often a word or a URL, and can't be changed later."),
    wrong=N_('Enter 1 to 128 characters without spaces, " and \\.'),
    is_required=True,
    maximum=128,
)
DESCRIPTION = Field(
    "description",
    N_("Sentence on the consent page"),
    hint=N_("What the app may do, in English, such as: Read your reports"),
    wrong=WRONG_SENTENCE,
    is_required=True,
)


@dataclass(frozen=True, slots=True)
class ScopeRequest(ObjectRequest):
    """A request for a page about one scope of the catalogue."""

    scope: Scope

    @property
    def url(self) -> str:
        return url_of_scope(self.scope.name)

    @property
    def shown_name(self) -> str:
        return self.scope.name

    @property
    def version(self) -> str:
        return str(self.scope.version)


async def get_scope_request(request: ConsoleRequestDep, name: str) -> ScopeRequest:
    """Return the request with its scope; raise `NotFoundError` if the catalogue lacks it."""
    scope = await request.services.oauth.scopes.get(name_in(name))
    return ScopeRequest(
        request.browser, request.fields, request.signed_in, request.authority, scope
    )


ScopeRequestDep = Annotated[ScopeRequest, Depends(get_scope_request)]


def url_of_scope(name: str) -> str:
    """Return the URL of the page of a scope."""
    return f"{PATH}/{part_of_path(name)}"


def part_of_path(name: str) -> str:
    """Return the name of a scope as one part of a path; encode one such as a URL."""
    if PLAIN.fullmatch(name):
        return name
    encoded = base64.urlsafe_b64encode(name.encode("ascii")).decode("ascii").rstrip("=")
    return f"{ENCODED}{encoded}"


def new_fields(request: ConsoleRequest) -> Sequence[Field]:
    return NAME, DESCRIPTION, *translation_fields(request, {})


def edit_fields(request: ScopeRequest) -> Sequence[Field]:
    return DESCRIPTION, *translation_fields(request, request.scope.texts)


def stored_values(scope: Scope | ResourceScope) -> dict[str, str]:
    """Return the values of the form."""
    texts = {
        TRANSLATION + language: scope.texts.get(language, "")
        for language in _languages(scope.texts)
    }
    return {DESCRIPTION.name: scope.description, **texts}


def body_values(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a body; an empty sentence removes its translation."""
    return {
        DESCRIPTION.name: typed[DESCRIPTION.name],
        "translations": {
            name.removeprefix(TRANSLATION): text
            for name, text in typed.items()
            if name.startswith(TRANSLATION) and text
        },
    }


def require_translations(
    request: ConsoleRequest, texts: Mapping[str, str], fields: Sequence[Field]
) -> None:
    """Show the form again with a wrong translation beside its field."""
    by_name = {field.name: field for field in fields}
    wrong = {
        TRANSLATION + language: request.text(by_name[TRANSLATION + language].wrong)
        for language, text in texts.items()
        if len(text) > by_name[TRANSLATION + language].maximum or problem_with(text) is not None
    }
    if wrong:
        raise ShowAgainError(wrong)


def _languages(texts: Mapping[str, str]) -> Sequence[str]:
    """Return the languages of the pages, except the one of the description, and those stored."""
    others = [language for language in LANGUAGES if language != DEFAULT]
    return [*others, *sorted(set(texts) - set(others))]


def translation_fields(request: ConsoleRequest, texts: Mapping[str, str]) -> Sequence[Field]:
    """Return a field for each language of the pages, and for those of the texts."""
    label = request.text("Sentence in the language %(tag)s")
    return [
        Field(TRANSLATION + language, label % {"tag": language}, wrong=WRONG_SENTENCE)
        for language in _languages(texts)
    ]


def name_in(part: str) -> str:
    """Return the name of a scope in a path; raise `NotFoundError` if there is none."""
    if not part.startswith(ENCODED):
        return part
    encoded = part.removeprefix(ENCODED)
    padding = "=" * (-len(encoded) % 4)
    try:
        return base64.b64decode(encoded + padding, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise NotFoundError(Detail.SCOPE_UNKNOWN) from None
