"""The settings in force say nothing secret, whatever they are set to."""

import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.pages.admin.settings import GROUPS
from app.settings import SettingInForce, Settings, settings_in_force
from app.settings.groups.base import Default
from app.settings.in_force import EFFECTIVE, groups, without_passwords
from tests.support.parts import settings_for

SECRET = "fJ2kQ-s3cret"
URL = f"postgresql://ada:{SECRET}@db.example.com/postern?sslpassword={SECRET}"
FIELDS = Settings.model_fields
WITHOUT_VALUE_OF_ITS_OWN = {"audit_retention_days", "mtls_url"}
"""Unset, they mean what their documentation says: for ever, or no such address."""


def secret_value(field: FieldInfo) -> Any:
    """Return a value with the secret in it, of the type of a field; None if no text fits."""
    types = str(field.annotation)
    if "SecretStr" in types:
        return (SecretStr(SECRET),) if types.startswith("tuple") else SecretStr(SECRET)
    if types.startswith("tuple"):
        return (URL,)
    return URL if "str" in types or str in get_args(field.annotation) else None


def all_secret() -> Settings:
    """Return settings of which each one that can has a secret in its value."""
    values: dict[str, Any] = {
        name: value for name, field in FIELDS.items() if (value := secret_value(field)) is not None
    }
    return Settings.model_construct(**{**dict(settings_for("sqlite:///x.db")), **values})


def in_force(settings: Settings) -> Mapping[str, SettingInForce]:
    return {each.name: each for each in settings_in_force(settings)}


def test_no_field_shows_a_secret() -> None:
    settings = all_secret()
    with_secret = [name for name, field in FIELDS.items() if secret_value(field) is not None]

    shown = in_force(settings)

    assert len(with_secret) > 15
    assert {"database_url", "redis_url", "secret_key_previous"} <= set(with_secret)
    assert [each for each in shown.values() if SECRET in repr(each)] == []
    assert "db.example.com/postern" in str(shown["DATABASE_URL"].value)


def test_every_setting_is_shown_with_its_group_and_description() -> None:
    shown = in_force(settings_for("sqlite:///x.db"))

    assert set(shown) == {name.upper() for name in FIELDS}
    assert all(each.description and each.group for each in shown.values())
    assert not [each.name for each in shown.values() if re.search(r"`|\]\(", each.description)]
    assert [group.title for group in groups()] == list(GROUPS)


def test_a_text_that_is_named_like_a_secret_is_declared_as_one() -> None:
    """A field that is added as plain text would be shown."""
    suspicious = re.compile("secret|password|token|credential|_key$")

    undeclared = [
        name
        for name, field in FIELDS.items()
        if suspicious.search(name) and "<class 'str'>" in str(field.annotation)
    ]

    assert undeclared == []


def test_secrets_are_set_or_not_set_and_have_no_value() -> None:
    shown = in_force(settings_for("sqlite:///x.db", admin_token=SECRET))

    for name, is_set in (("ADMIN_TOKEN", True), ("SMTP_PASSWORD", False)):
        assert (shown[name].is_secret, shown[name].is_set) == (True, is_set)
        assert shown[name].value is None
    assert (shown["ADMIN_TOKEN"].is_default, shown["SMTP_PASSWORD"].is_default) == (False, True)


def test_a_default_that_depends_on_other_settings_is_shown_as_it_is_in_force() -> None:
    depends = {
        name
        for name, field in FIELDS.items()
        if field.default is None
        and any(isinstance(each, Default) for each in field.metadata)
        and "SecretStr" not in str(field.annotation)
    }

    shown = in_force(settings_for("sqlite:///x.db", port=5001))

    assert depends == set(EFFECTIVE) | WITHOUT_VALUE_OF_ITS_OWN
    assert shown["ISSUER"].value == "http://localhost:5001"
    assert (shown["WORKERS"].value, shown["MIGRATE_ON_START"].value) == ("1", "true")
    assert shown["WORKERS"].is_default
    assert not shown["PORT"].is_default


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ada:pw@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://ada:p@w:/?#@db/x", "postgresql://ada:***@db/x"),
        ("postgresql://a@b:pw@db/x", "postgresql://a@b:***@db/x"),
        ("postgresql://ada@db:5432/x", "postgresql://ada@db:5432/x"),
        ("postgresql://db:5432/x", "postgresql://db:5432/x"),
        ("redis://:pw@cache:6379/0", "redis://:***@cache:6379/0"),
        ("https://ada:pw@example.com/a", "https://ada:***@example.com/a"),
        ("https://help.example.com:8443/@us", "https://help.example.com:8443/@us"),
        ("postgresql://db/x?user=a&password=pw", "postgresql://db/x?user=a&password=***"),
        ("postgresql://db/x?pass%77ord=pw&a=b", "postgresql://db/x?pass%77ord=***&a=b"),
        ("sqlite:///./data/postern.db", "sqlite:///./data/postern.db"),
        ("Postern <login@example.com>", "Postern <login@example.com>"),
    ],
)
def test_passwords_in_urls_are_hidden(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
