"""What the pages say in each state, whatever they look like."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from app.pages.support.assets import assets_of
from tests.browser.gallery import drawn
from tests.browser.states import STATES
from tests.support.parts import settings_for

SETTINGS = settings_for("sqlite:///./never-opened.db")
WITH_ERRORS = {
    name: (template, values) for name, (template, values) in STATES.items() if values.get("errors")
}
FOCUSED = re.compile(r"<[^>]* autofocus[ >]")
ALERT = re.compile(r'<[^>]* role="alert"')


def text_of(name: str) -> str:
    template, values = STATES[name]
    return unescape(bytes(drawn(template, values, SETTINGS, language="en").body).decode())


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_each_error_is_shown_once_and_is_announced(name: str) -> None:
    """PAGES: beside its field, aria-invalid, role="alert", the focus, a title with "Error:" """
    errors: Mapping[str, str] = WITH_ERRORS[name][1]["errors"]

    page = text_of(name)

    assert {text: page.count(text) for text in errors.values()} == dict.fromkeys(errors.values(), 1)
    fields = [field for field in errors if field]
    groups = [field for field in fields if f'<fieldset id="{field}"' in page]
    for field in fields:
        assert f'id="{field}-error"' in page
        assert re.search(
            rf'<fieldset id="{field}"[^>]* aria-describedby="{field}-error'
            if field in groups
            else rf'<(input|select|textarea)[^>]* id="{field}"[^>]* aria-invalid="true"',
            page,
        )
    assert page.count('aria-invalid="true"') == len(fields) - len(groups)
    assert len(ALERT.findall(page)) == 1
    assert "<title>Error: " in page
    focused = FOCUSED.findall(page)
    assert len(focused) == 1, focused
    is_summary = "" in errors or len(fields) > 1
    assert ('class="alert"' in focused[0]) == is_summary
    assert f'id="{fields[0]}"' in focused[0] if fields and not is_summary else True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("login-new-password", "Your new password is set."),
        ("connections-done", "Account connected."),
        ("account-profile-saved", "Your profile has been saved."),
        ("account-password-saved", "Your password has been changed."),
        ("account-confirm-sent", "We sent a code to ada@example.com."),
        ("email-pending", "We sent an email to "),
        ("enroll-signed-up", "We sent an email to "),
        ("recover-sent", "we've sent an email to that address."),
    ],
)
def test_a_success_is_a_green_notice(name: str, text: str) -> None:
    notice = re.search(r'<p class="notice good"[^>]*>([^<]*)', text_of(name))

    assert notice is not None
    assert text in notice[1]


@pytest.mark.parametrize("name", ["otp", "enroll", "account-authenticator-new"])
def test_a_code_has_one_field_for_digits_that_the_phone_fills_in(name: str) -> None:
    """PAGES: inputmode, autocomplete, one field, no pattern"""
    fields = re.findall(r'<input class="code digits"[^>]*>', text_of(name))

    assert len(fields) == 1
    assert 'inputmode="numeric"' in fields[0]
    assert 'autocomplete="one-time-code"' in fields[0]
    assert "pattern" not in fields[0]


def test_the_link_for_a_forgotten_password_follows_its_field() -> None:
    page = text_of("login")
    without: Mapping[str, Any] = {**STATES["login"][1], "can_recover": False}

    after = page.index('id="password"')
    assert after < page.index("Forgot your password?") < page.index('<button type="submit">Sign in')
    response = drawn("login.html", without, SETTINGS, language="en")
    assert b"Forgot your password?" not in response.body


def test_a_provider_has_its_icon_and_an_unknown_one_a_neutral_icon() -> None:
    icons = r'<img class="icon" src="/assets/provider-(\w+)-[0-9a-f]{12}\.svg" alt=""'

    assert re.findall(icons, text_of("login-known-providers")) == [
        *("google", "microsoft", "apple", "gitlab", "okta", "keycloak")
    ]
    assert re.findall(icons, text_of("login-providers")) == ["other", "other"]


def test_the_scripts_of_all_pages_weigh_at_most_ten_kilobytes() -> None:
    """Those of the console and those of passkeys; of each page, only what it needs"""
    assets = assets_of(SETTINGS)
    scripts = {
        name: set(re.findall(r'<script src="/assets/([a-z-]+)-[0-9a-f]{12}\.js"', text_of(name)))
        for name in STATES
    }
    of_console = {each for name in scripts if name.startswith("console") for each in scripts[name]}
    loaded = set().union(*scripts.values())

    assert of_console == {"postern"}
    assert loaded == {"postern", "passkeys"}
    assert sum(len(assets[f"{name}.js"].content) for name in loaded) <= 10_000
