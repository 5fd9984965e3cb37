"""Where the browser continues after a sign-in, which pages pass on in their links and forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from fastapi import Request

from app.pages.support.negotiation import UI_LOCALES, supported_language
from app.pages.support.urls import ACCOUNT, DEVICE, RESUME

DEVICE_PLACE = "device"
MAXIMUM_USER_CODE = 16


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A pending authorization request, the device page, or an account page.

    `request_id` is the secret name of the request. `place` is "device", for which `user_code` is
    the code of the device, or the last part of the path of an account page. `ui_locales` is the
    language of the pages, if the client asked for one.
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

    A place is ignored unless it is the device page or an account page that requires a recent
    sign-in; these are in the state of the application.
    """
    place = fields.get("next", "")
    is_device = place == DEVICE_PLACE
    return Continuation(
        request_id=fields.get("request_id", ""),
        place=place if is_device or place in account_places_of(request) else "",
        user_code=fields.get("user_code", "") if is_device else "",
        ui_locales=supported_language(fields.get(UI_LOCALES, "")) or "",
    )


def account_places_of(request: Request) -> frozenset[str]:
    """Return the account pages that require a recent sign-in, by the last parts of their paths."""
    places: frozenset[str] = request.app.state.account_places
    return places
