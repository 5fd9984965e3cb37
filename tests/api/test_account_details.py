"""`/account/profile/details`: the attributes that users set for themselves."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio

from app.schemas.attributes import AttributeDefinitionBody
from app.services.operations.authority import FULL
from tests.support.account import FRESH_SECONDS, happened, signed_in
from tests.support.administration import define, id_of, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.people import userinfo
from tests.support.visitor import Visitor, text_of

PROFILE = "/account/profile"
PATH = f"{PROFILE}/details"
OWN = {"shirt_size": "string", "floor": "number", "vegetarian": "boolean", "languages": "list"}


@pytest_asyncio.fixture
async def attributes(app: Application) -> AsyncIterator[None]:
    """An attribute of each type that users set, and others that they do not."""
    for name, kind in OWN.items():
        await define(app, name, kind, editable_by="user")
    await define(app, "clearance", "string")
    await define(app, "motto", "string", applies_to="groups", editable_by="user")
    yield
    definitions = services_of(app).accounts.attributes
    for name in (*OWN, "clearance", "motto"):
        await definitions.delete(name, authority=FULL)


async def values_of(app: Application, user: TestUser) -> object:
    return await services_of(app).accounts.user_attributes.of(await id_of(app, user))


@pytest.mark.usefixtures("attributes")
async def test_a_user_sets_and_removes_the_attributes_that_users_edit(
    app: Application, client: TestClient, visitor: Visitor, user: TestUser
) -> None:
    """The values are claims of the client that an administrator mapped them for."""
    mapping = {"name": "floor", "source": "attribute:floor", "targets": ["userinfo"]}
    await set_policies(app, client, claim_mappings=[mapping])
    await signed_in(visitor, user)
    profile = await visitor.get(PROFILE)

    answer = await visitor.submit(
        await visitor.get(PATH),
        to=PATH,
        **{
            "attribute-shirt_size": " M ",
            "attribute-floor": "4",
            "attribute-vegetarian": "false",
            "attribute-languages": "de, en",
        },
    )

    assert f'href="{PATH}"' in profile.text
    assert "Your details have been saved." in text_of(await visitor.follow(answer))
    assert await values_of(app, user) == {
        "shirt_size": "M",
        "floor": 4,
        "vegetarian": False,
        "languages": ["de", "en"],
    }
    actions = [action for action, _ in await happened(app, await id_of(app, user))]
    assert actions.count("user.attributes_changed") == 1
    tokens = await visitor.tokens_for(client, user)
    assert (await userinfo(app, tokens["access_token"])).json()["floor"] == 4

    page = await visitor.get(PATH)
    await visitor.submit(page, to=PATH, **{"attribute-floor": "", "attribute-vegetarian": ""})

    assert 'value="de,en"' in page.text
    assert await values_of(app, user) == {"shirt_size": "M", "languages": ["de", "en"]}


@pytest.mark.usefixtures("attributes")
async def test_what_only_administrators_set_is_neither_shown_nor_changed(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 56"""
    await signed_in(visitor, user)

    page = await visitor.get(PATH)
    await visitor.submit(
        page, to=PATH, **{"attribute-clearance": "top secret", "attribute-motto": "x"}
    )

    assert "clearance" not in page.text
    assert "motto" not in page.text
    assert await values_of(app, user) == {}


@pytest.mark.usefixtures("attributes")
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("shirt_size", "x" * 1001, "Enter at most 1,000 characters."),
        ("floor", "first", "Enter a number, such as 3 or 2.5."),
        ("floor", "nan", "Enter a number, such as 3 or 2.5."),
        ("vegetarian", "perhaps", "Choose yes or no."),
        ("languages", ",".join(map(str, range(101))), "Enter at most 100 values"),
    ],
)
async def test_a_value_of_another_type_is_reported_beside_its_field_and_nothing_is_stored(
    app: Application, visitor: Visitor, user: TestUser, name: str, text: str, message: str
) -> None:
    await signed_in(visitor, user)
    others = {"attribute-floor": "4", "attribute-shirt_size": "M"}

    page = await visitor.submit(
        await visitor.get(PATH), to=PATH, **{**others, f"attribute-{name}": text}
    )

    assert page.status_code == 400
    assert f'id="attribute-{name}-error"' in page.text
    assert message in text_of(page)
    assert await values_of(app, user) == {}


@pytest.mark.usefixtures("attributes")
async def test_a_change_made_meanwhile_is_not_overwritten(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get(PATH)
    values = services_of(app).accounts.user_attributes
    await values.set(await id_of(app, user), {"shirt_size": "L"}, authority=FULL)

    refused = await visitor.submit(page, to=PATH, **{"attribute-floor": "4"})

    assert refused.status_code == 409
    assert "Your details were changed elsewhere." in text_of(refused)
    assert 'value="4"' in refused.text
    assert await values_of(app, user) == {"shirt_size": "L"}


@pytest.mark.usefixtures("attributes")
async def test_what_a_user_set_does_not_count_while_only_administrators_set_it(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 51: administrators must not take it for what one of them set"""
    await signed_in(visitor, user)
    await visitor.submit(await visitor.get(PATH), to=PATH, **{"attribute-shirt_size": "M"})

    async def edited_by(editor: Literal["administrator", "user"]) -> object:
        body = AttributeDefinitionBody(
            name="shirt_size", type="string", applies_to="users", editable_by=editor
        )
        await services_of(app).accounts.attributes.change("shirt_size", body, authority=FULL)
        return await values_of(app, user)

    assert await edited_by("administrator") == {}
    assert await edited_by("user") == {"shirt_size": "M"}


async def test_without_such_attributes_the_profile_has_no_link_and_the_page_is_empty(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    profile, page = await visitor.get(PROFILE), await visitor.get(PATH)

    assert PATH not in profile.text
    assert "Details that apps need appear here." in text_of(page)


@pytest.mark.usefixtures("attributes")
async def test_a_recent_sign_in_is_required(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    app.clock.advance(seconds=FRESH_SECONDS)

    answer = await visitor.http.get(PATH)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
