"""The settings in force, as administrators may see them: without any secret."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import SecretStr

from app.settings.groups.base import SettingsGroup
from app.settings.model import Settings

HIDDEN = "***"
PASSWORD_IN_WEB_ADDRESS = re.compile(r"(?i)(https?://[^/?#]*?:)[^/?#]*(?=@)")
PASSWORD_IN_URL = re.compile(r"(?i)((?<!http)(?<!https)://[^:]*:).*(?=@)", re.DOTALL)
"""From the first colon to the last @: elsewhere a password may have any character in between."""
SECRET_PARAMETER = re.compile("pass|pwd|secret|token|credential|key|auth", re.IGNORECASE)
PARAMETER = re.compile(r"(?<=[?&])([^=&#]*)=([^&#]*)")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")

EFFECTIVE: Mapping[str, Callable[[Settings], object]] = {
    "issuer": lambda settings: settings.issuer_url,
    "workers": lambda settings: settings.worker_count,
    "registration": lambda settings: "open" if settings.registration_is_open else "closed",
    "migrate_on_start": lambda settings: settings.migrates_on_start,
    "dynamic_registration": lambda settings: settings.dynamic_registration_mode,
    "client_documents": lambda settings: settings.client_documents_mode,
    "otp_issuer": lambda settings: settings.otp_label,
    "registration_limit": lambda settings: settings.registrations_per_hour,
    "dynamic_registration_limit": lambda settings: settings.client_registrations_per_hour,
    "authorization_request_limit": lambda settings: settings.authorization_requests_per_minute,
    "password_threads": lambda settings: settings.password_thread_count,
}
"""What holds for the settings whose default depends on others."""


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """A setting with its value as it is written in the environment, or None if it is not set.

    A secret has no `value`: `is_set` says whether there is one. `group` is the heading of its group
    in the documentation, and `description` plain English text from there.
    """

    name: str
    group: str
    description: str
    value: str | None
    is_secret: bool
    is_set: bool
    is_default: bool


def settings_in_force(settings: Settings) -> Iterator[SettingInForce]:
    """Yield the settings by group, in the order of the documentation."""
    for group in groups():
        for name, field in group.model_fields.items():
            stored = getattr(settings, name)
            is_secret = "SecretStr" in str(field.annotation)
            held = EFFECTIVE[name](settings) if name in EFFECTIVE else stored
            yield SettingInForce(
                name=name.upper(),
                group=group.title,
                description=_plain(str(field.description)),
                value=None if is_secret else _text(held),
                is_secret=is_secret,
                is_set=_text(held) is not None,
                is_default=stored == field.default,
            )


def groups() -> tuple[type[SettingsGroup], ...]:
    """Return the groups in the order of their fields in `Settings`."""
    return tuple(each for each in reversed(Settings.__bases__) if issubclass(each, SettingsGroup))


def without_passwords(text: str) -> str:
    """Return a value with the passwords in its URL hidden: before the host, and in parameters."""
    for pattern in (PASSWORD_IN_WEB_ADDRESS, PASSWORD_IN_URL):
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return PARAMETER.sub(_without_secret, text)


def _without_secret(parameter: re.Match[str]) -> str:
    name, value = parameter[1], parameter[2]
    return f"{name}={HIDDEN if SECRET_PARAMETER.search(unquote(name)) else value}"


def _text(value: object) -> str | None:
    """Return a value as it is written in the environment; None if there is none."""
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(filter(None, map(_text, value)))
    if isinstance(value, SecretStr):
        return HIDDEN
    return without_passwords(f"{value:g}" if isinstance(value, float) else str(value))


def _plain(markdown: str) -> str:
    return LINK.sub(r"\1", markdown).replace("`", "")
