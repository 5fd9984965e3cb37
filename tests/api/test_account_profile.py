"""`/account/profile`: what a person says about himself, changed by himself."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from tests.support.account import FRESH_SECONDS, claims_of, happened, signed_in, stored, vouched_for
from tests.support.application import Application, TestUser
from tests.support.people import CLAIMS, person_with
from tests.support.visitor import Form, Visitor, text_of, visiting

PROFILE = "/account/profile"
NAMES = ("name", "given_name", "birthdate", "phone_number", "street_address", "country")


def values_on(page: httpx.Response) -> dict[str, str]:
    return next(values for action, values in Form(page.text).forms if action == PROFILE)


async def test_the_page_shows_the_stored_claims_and_the_fixed_username(
    app: Application, visitor: Visitor
) -> None:
    user = await person_with(app, **CLAIMS)
    await signed_in(visitor, user)

    page = await visitor.get(PROFILE)

    values = values_on(page)
    assert {name: values[name] for name in NAMES} == {
        "name": "Zoë Example",
        "given_name": "Zoë",
        "birthdate": "1990-02-28",
        "phone_number": "+43 1 234567",
        "street_address": "1 Some Street, Door 2",
        "country": "Austria",
    }
    assert user.username in text_of(page)
    assert "username" not in values
    assert "email" not in values


@pytest.mark.parametrize(
    ("claims", "is_open"),
    [
        ({}, False),
        ({"name": "Ada", "phone_number": "+43 1 234567"}, False),
        ({"website": "https://ada.example"}, True),
        ({"address": {"country": "England"}}, True),
    ],
)
async def test_the_fields_that_few_use_are_under_more_which_opens_if_one_has_a_value(
    app: Application, visitor: Visitor, claims: dict[str, Any], is_open: bool
) -> None:
    await signed_in(visitor, await person_with(app, **claims))

    page = await visitor.get(PROFILE)

    common, more = page.text.split('<details class="more"')
    assert re.findall(r'<input id="(\w+)"', common) == [
        *("name", "given_name", "family_name", "nickname", "phone_number")
    ]
    assert len(re.findall(r'<input id="(\w+)"', more)) == 13
    assert more.startswith(" open>") == is_open


async def test_more_is_open_if_one_of_its_fields_has_an_error(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    wrong_name = await visitor.submit(await visitor.get(PROFILE), to=PROFILE, name="x" * 201)
    wrong_birthdate = await visitor.submit(
        await visitor.get(PROFILE), to=PROFILE, birthdate="10/12/1815"
    )

    assert '<details class="more">' in wrong_name.text
    assert '<details class="more" open>' in wrong_birthdate.text


async def test_saved_claims_are_stored_and_audited_by_name_only(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    answer = await visitor.submit(
        await visitor.get(PROFILE), to=PROFILE, name="Ada Lovelace", country="England"
    )

    assert answer.status_code == 303
    assert "Your profile has been saved." in text_of(await visitor.follow(answer))
    assert await claims_of(app, user) == {"name": "Ada Lovelace", "address": {"country": "England"}}
    assert "Ada Lovelace" in text_of(await visitor.get("/account"))
    action, details = (await happened(app, (await stored(app, user)).user_id))[-1]
    assert (action, details) == ("user.claims_changed", {"claims": ["address", "name"]})


async def test_a_different_preferred_username_has_a_field_error(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get(PROFILE)

    answer = await visitor.submit(page, to=PROFILE, preferred_username="admin", name="Ada")

    assert values_on(page)["preferred_username"] == user.username
    assert answer.status_code == 400
    assert "preferred_username-error" in answer.text
    assert "always see your username" in text_of(answer)
    assert values_on(answer)["name"] == "Ada"
    assert await claims_of(app, user) == {}


async def test_an_empty_field_removes_the_claim(app: Application, visitor: Visitor) -> None:
    user = await person_with(app, name="Zoë", country=None, address={"country": "Austria"})
    await signed_in(visitor, user)

    await visitor.submit(await visitor.get(PROFILE), to=PROFILE, name="", country=" ")

    assert await claims_of(app, user) == {}


async def test_unchanged_claims_are_preserved(app: Application, visitor: Visitor) -> None:
    """A verified number stays verified, an address keeps its lines, and e-mail is not asked."""
    user = await person_with(app, **CLAIMS)
    await vouched_for(app, user, "phone_number_verified", "email_verified")
    before = await claims_of(app, user)
    await signed_in(visitor, user)

    await visitor.submit(await visitor.get(PROFILE), to=PROFILE, country="Österreich")

    address = {**before["address"], "country": "Österreich"}
    assert await claims_of(app, user) == {**before, "address": address}


async def test_a_changed_phone_number_is_not_verified(app: Application, visitor: Visitor) -> None:
    user = await person_with(app, phone_number="+43 1 234567")
    await vouched_for(app, user, "phone_number_verified")
    await signed_in(visitor, user)

    await visitor.submit(await visitor.get(PROFILE), to=PROFILE, phone_number="+43 1 765432")

    claims = await claims_of(app, user)
    assert claims == {"phone_number": "+43 1 765432", "phone_number_verified": False}


async def test_a_user_cannot_set_verified_flags_or_other_fields(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 41, for a form: only the fields of the page count"""
    await signed_in(visitor, user)

    await visitor.submit(
        await visitor.get(PROFILE),
        to=PROFILE,
        name="Ada",
        email="ada@example.com",
        email_verified="true",
        phone_number_verified="true",
        username="administrator",
        user_id="x",
    )

    assert await claims_of(app, user) == {"name": "Ada"}
    assert (await stored(app, user)).username == user.username


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "x" * 201, "Enter at most 200 characters."),
        ("birthdate", "10/12/1815", "Enter a date like 1815-12-10."),
        ("birthdate", "1815-02-30", "Enter a date like 1815-12-10."),
        (
            "website",
            "javascript:alert(1)",
            "Enter an address that starts with https:// or http://.",
        ),
        ("picture", "not an address", "Enter an address that starts with https:// or http://."),
        ("phone_number", "call me", "Enter a phone number like +43 1 234567."),
        ("locale", "what?", "Enter a language tag like en or de-AT."),
        ("zoneinfo", "Vienna", "Enter a time zone like Europe/Vienna."),
        ("country", "x" * 201, "Enter at most 200 characters."),
    ],
)
async def test_an_invalid_value_has_a_field_error(
    app: Application, visitor: Visitor, user: TestUser, field: str, value: str, said: str
) -> None:
    """PAGES: what was typed is kept, and nothing of it is stored"""
    await signed_in(visitor, user)

    page = await visitor.submit(
        await visitor.get(PROFILE), to=PROFILE, **{"nickname": "ada", field: value}
    )

    assert page.status_code == 400
    assert f'role="alert" id="{field}-error">{said}' in unescape(page.text)
    assert unescape(page.text).count(said) == 1
    assert values_on(page)[field] == value
    assert values_on(page)["nickname"] == "ada"
    assert await claims_of(app, user) == {}


async def test_a_concurrent_change_is_a_conflict_that_the_page_shows(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    in_one_tab = await visitor.get(PROFILE)
    in_another = await visitor.get(PROFILE)
    await visitor.submit(in_one_tab, to=PROFILE, nickname="ada")

    page = await visitor.submit(in_another, to=PROFILE, name="Ada")

    assert page.status_code == 409
    assert "Your profile was changed elsewhere" in text_of(page)
    assert "Changed in the meantime to: ada" in text_of(page)
    assert values_on(page)["name"] == "Ada"
    assert await claims_of(app, user) == {"nickname": "ada"}
    answer = await visitor.submit(page, to=PROFILE, nickname="ada")
    assert answer.status_code == 303
    assert await claims_of(app, user) == {"name": "Ada", "nickname": "ada"}


async def test_a_fresh_sign_in_is_required_and_returns_to_the_page(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get(PROFILE)
    app.clock.advance(seconds=FRESH_SECONDS)

    late = await visitor.submit(page, to=PROFILE, name="Ada")

    assert late.headers["location"] == f"/login?next=profile&username={user.username}"
    assert await claims_of(app, user) == {}
    back = await visitor.sign_in(await visitor.follow(late), user)
    assert back.url.path == PROFILE


async def test_a_post_without_a_valid_csrf_token_is_refused(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await signed_in(visitor, user)
    page = await visitor.get(PROFILE)
    async with visiting(app) as other:
        foreign = values_on_login(await other.get("/login"))

    answers = [
        await visitor.submit(page, to=PROFILE, name="Ada", csrf_token=token)
        for token in ("", foreign)
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert await claims_of(app, user) == {}


async def test_profile_values_are_html_escaped(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31"""
    name = "<img src=x onerror=alert(1)>\"'%(name)s{{ 7*7 }}"
    await signed_in(visitor, user)

    await visitor.submit(await visitor.get(PROFILE), to=PROFILE, name=name)

    for path in (PROFILE, "/account"):
        page = await visitor.get(path)
        assert "<img src=x" not in page.text
    assert values_on(await visitor.get(PROFILE))["name"] == name


def values_on_login(page: httpx.Response) -> str:
    return next(
        values["csrf_token"] for action, values in Form(page.text).forms if action == "/login"
    )
