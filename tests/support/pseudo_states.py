"""The states of the pages in the pseudo-locale: the texts that routes translate, and user data."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

from app.pages.account.activity import EventView
from app.pages.account.base import PlaceView
from app.pages.account.overview import SectionView
from app.pages.account.profile_fields import Field as ProfileField
from app.pages.account.protection import AdviceView, ProtectionView
from app.pages.admin.dashboard import Step
from app.pages.admin.forms import Field, FormView, Option
from app.pages.admin.navigation import NavigationLink, NavigationSection
from app.pages.admin.views import Badge, Cell, Choice, Fact, Link, Listing, Part, Search, Table
from app.pages.support.scope_views import ScopeView
from tests.support.pseudo_locale import marked

CONSOLE_FIELDS: Mapping[type, tuple[str, ...]] = {
    Badge: ("text",),
    Cell: ("words",),
    Choice: ("label",),
    Fact: ("label",),
    Field: ("label", "hint", "wrong"),
    FormView: ("heading", "introduction", "submit"),
    Link: ("label",),
    Listing: ("heading", "introduction"),
    NavigationLink: ("label",),
    NavigationSection: ("heading",),
    Option: ("label",),
    Part: ("heading",),
    Search: ("label", "hint"),
    Step: ("text",),
    Table: ("columns", "empty"),
}
TEXT_VALUES = ("errors", "heading", "message", "advice", "done", "groups")
"""Values of templates that are translated before, or contain such texts."""
TEXT_FIELDS: Mapping[type, tuple[str, ...]] = {
    AdviceView: ("text", "label"),
    EventView: ("text",),
    PlaceView: ("label",),
    ProtectionView: ("heading",),
    SectionView: ("label", "state"),
    ProfileField: ("label", "hint", "wrong"),
    ScopeView: ("text",),
    **CONSOLE_FIELDS,
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


class Messages:
    """The messages of the catalogue, with their placeholders as wildcards."""

    def __init__(self, messages: Sequence[str]) -> None:
        self._messages = frozenset(messages)
        self._patterns = [
            re.compile(".+".join(re.escape(part) for part in PLACEHOLDER.split(message)))
            for message in messages
            if PLACEHOLDER.sub("", message).strip() and PLACEHOLDER.search(message)
        ]

    def translated(self, text: str) -> str:
        """Return the text in marks if it is a message; otherwise return it as it is."""
        is_message = text in self._messages or any(
            pattern.fullmatch(text) for pattern in self._patterns
        )
        return marked(text) if is_message else text

    def translated_values(self, value: Any, *, is_text: bool = False) -> Any:
        """Return the values of a template with the texts translated that routes translate."""
        match value:
            case str():
                return self.translated(value) if is_text else value
            case Mapping():
                return {
                    name: self.translated_values(each, is_text=is_text or name in TEXT_VALUES)
                    for name, each in value.items()
                }
            case list() | tuple():
                return [self.translated_values(each, is_text=is_text) for each in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            texts = TEXT_FIELDS.get(type(value), ())
            changes = {
                field.name: self.translated_values(
                    getattr(value, field.name), is_text=field.name in texts
                )
                for field in dataclasses.fields(value)
            }
            return dataclasses.replace(value, **changes)
        return value


def user_data_of(value: Any, *, is_text: bool = False) -> Iterator[str]:
    """Yield the strings among the values of a template that nobody translates."""
    match value:
        case str() if not is_text:
            yield value
        case Mapping():
            for name, each in value.items():
                yield from user_data_of(each, is_text=is_text or name in TEXT_VALUES)
        case list() | tuple():
            for each in value:
                yield from user_data_of(each, is_text=is_text)
        case SimpleNamespace():
            yield from user_data_of(vars(value))
        case BaseModel():
            for each in value.model_dump().values():
                yield from (*each, *each.values()) if isinstance(each, dict) else (str(each),)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            texts = TEXT_FIELDS.get(type(value), ())
            for field in dataclasses.fields(value):
                yield from user_data_of(getattr(value, field.name), is_text=field.name in texts)
