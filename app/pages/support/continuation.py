"""Where the browser continues after a sign-in, which pages pass on in their links and forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from fastapi import Request

from app.pages.support.negotiation import UI_LOCALES, supported_language
from app.pages.support.urls import ACCOUNT, CONSOLE, DEVICE, RESUME

DEVICE_PLACE = "device"
CONSOLE_PLACE = CONSOLE.removeprefix("/")
CONSOLE_PLACES = re.compile(rf"{CONSOLE_PLACE}(/[A-Za-z0-9+][A-Za-z0-9._~-]*){{0,5}}")
"""The paths below the console without their first slash. None of them leads to another site."""
MAXIMUM_USER_CODE = 16


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A pending authorization request, the device page, an account page, or a page of the console.

    `request_id` is the secret name of the request. `place` is "device", for which `user_code` is
    the code of the device, the last part of the path of an account page, or the path of a page of
    the console without its first slash. `ui_locales` is the language of the pages, if the client
    asked for one.
    """

    request_id: str = ""
    place: str = ""
    user_code: str = ""
    ui_locales: str = ""

    @cached_property
    def hidden_fields(self) -> Mapping[str, str]:
        """The fields that a form passes on, apart from the request id and the language."""
        if self.place == DEVICE_PLACE:
            return {"next": self.place, "user_code": self.user_code[:MAXIMUM_USER_CODE]}
        return {"next": self.place} if self.place else {}

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """All fields that a link passes on, or that are stored while the browser is elsewhere."""
        fields = {
            "request_id": self.request_id,
            **self.hidden_fields,
            UI_LOCALES: self.ui_locales,
        }
        return {name: value for name, value in fields.items() if value}

    @property
    def url(self) -> str:
        """The URL on which the browser continues.

        It is always a page of this server; no value of a form becomes a URL (SECURITY_BAR row 32).
        """
        if self.request_id:
            return self._in_language(RESUME, {"request_id": self.request_id})
        if self.place == DEVICE_PLACE:
            return self._in_language(DEVICE, {"user_code": self.user_code})
        if CONSOLE_PLACES.fullmatch(self.place):
            return self._in_language(f"/{self.place}", {})
        return self._in_language(f"{ACCOUNT}/{self.place}" if self.place else ACCOUNT, {})

    def link(self, path: str, **parameters: str) -> str:
        """Return the URL of a page of this server that leads to the same continuation."""
        query = urlencode({**self.fields, **parameters})
        return f"{path}?{query}" if query else path

    def _in_language(self, path: str, fields: Mapping[str, str]) -> str:
        language = {UI_LOCALES: self.ui_locales} if self.ui_locales else {}
        query = urlencode({**fields, **language})
        return f"{path}?{query}" if query else path


def continuation_of(request: Request, fields: Mapping[str, str]) -> Continuation:
    """Return the continuation that the fields of a query or a form name.

    A place is ignored unless it is the device page, a page of the console, or an account page that
    requires a recent sign-in; the state of the application says which there are.
    """
    place = fields.get("next", "")
    is_device = place == DEVICE_PLACE
    is_known = is_device or place in account_places_of(request)
    if place and not is_known:
        is_known = _is_in_console(request, place)
    return Continuation(
        request_id=fields.get("request_id", ""),
        place=place if is_known else "",
        user_code=fields.get("user_code", "") if is_device else "",
        ui_locales=supported_language(fields.get(UI_LOCALES, "")) or "",
    )


def account_places_of(request: Request) -> frozenset[str]:
    """Return the account pages that require a recent sign-in, by the last parts of their paths."""
    places: frozenset[str] = request.app.state.account_places
    return places


def _is_in_console(request: Request, place: str) -> bool:
    """Return whether a place is in the console, which an application may not have."""
    return bool(request.app.state.has_console) and CONSOLE_PLACES.fullmatch(place) is not None
