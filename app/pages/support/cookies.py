"""Sealed values: state that is stored in the browser, which can neither read nor change it."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import Field, asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from app.pages.support.browser import Browser
from app.security.encryption import SealError
from app.security.purposes import Purpose


class Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Content = TypeVar("Content", bound=Dataclass)

OMITTED_IF_EMPTY: Mapping[str, bool] = {"is_omitted_if_empty": True}
"""Metadata of a field that has a default value, and is stored only if it is not empty."""


class Encoding(NamedTuple):
    """How sealed bytes become text."""

    encode: Callable[[bytes], str]
    decode: Callable[[str], bytes]


HEX = Encoding(bytes.hex, bytes.fromhex)
BASE64 = Encoding(lambda data: base64.urlsafe_b64encode(data).decode(), base64.urlsafe_b64decode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Generic[Content]):
    """A kind of sealed value.

    `content` is a dataclass whose fields are the members of the stored JSON. Its field `since` has
    the time, in seconds since the epoch, from which the value is valid for `lasts`.
    """

    content: type[Content]
    purpose: Purpose
    since: str
    lasts: timedelta
    encoding: Encoding = HEX

    def seal(self, browser: Browser, content: Content, *, context: str) -> str:
        values = asdict(content)
        omitted = [each.name for each in fields(content) if each.metadata == OMITTED_IF_EMPTY]
        members = {name: value for name, value in values.items() if value or name not in omitted}
        payload = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
        box = browser.services.core.box(self.purpose)
        return self.encoding.encode(box.seal(payload, context=context))

    def open(self, browser: Browser, sealed: str, *, context: str) -> Content | None:
        """Return the content, or None if it is of another kind or context, invalid or expired."""
        box = browser.services.core.box(self.purpose)
        try:
            payload = box.open(self.encoding.decode(sealed), context=context)
        except (SealError, ValueError):
            return None
        members = json.loads(payload)
        names = [each.name for each in fields(self.content) if each.name in members]
        since = datetime.fromtimestamp(members[self.since], UTC)
        if browser.services.core.clock.now() - since > self.lasts:
            return None
        return self.content(**{name: members[name] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCookie(Sealed[Content]):
    """A cookie with a sealed value, which is only valid in the browser that it was issued to.

    The browser discards it when it is closed, or after `max_age`.
    """

    name: str
    max_age: timedelta | None = None

    def set(self, browser: Browser, content: Content) -> None:
        sealed = self.seal(browser, content, context=browser.identifier)
        browser.set_cookie(self.name, sealed, lasts=self.max_age)

    def get(self, browser: Browser) -> Content | None:
        return self.open(browser, browser.cookie(self.name), context=browser.identifier)

    def clear(self, browser: Browser) -> None:
        browser.set_cookie(self.name, "")
