"""Users who are stored together with an external identity, and the links that ended."""

import asyncio
from dataclasses import replace

import pytest

from app.database.database import Database
from app.errors import FullAdministratorRequiredError
from app.models.accounts.roles import ADMINISTRATOR
from app.models.accounts.users import User
from app.models.federation.identity_providers import LinkedIdentity
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.security.tokens import new_identifier
from tests.repositories.conftest import NOW, new_user
from tests.repositories.people import give, stored_provider, stored_user
from tests.support.events import new_event
from tests.support.parts import count

ISSUER = "https://work.example"


def someone(**values: object) -> User:
    return new_user(**{"user_id": new_identifier(), "search_words": "", "claims": "{}", **values})


def identity_of(user: User, subject: str) -> LinkedIdentity:
    return LinkedIdentity(ISSUER, subject, "work", user.user_id, "", NOW, None)


async def test_of_equal_identities_at_once_one_is_stored(database: Database) -> None:
    repository, users = IdentityProviderRepository(database), [someone() for _ in range(6)]
    events = await count(database, "audit_outbox")

    added = await asyncio.gather(
        *(repository.add_user(each, identity_of(each, "ada"), event=new_event()) for each in users)
    )
    stored = await repository.find_identity(ISSUER, "ada")

    assert sum(added) == 1
    assert stored is not None
    assert stored.user_id == users[added.index(True)].user_id
    assert await count(database, "users") == 1
    assert await count(database, "audit_outbox") == events + 1


async def test_a_verified_address_of_an_administrator_is_not_stored_for_another_user(
    database: Database,
) -> None:
    """An administrator may verify the address between the check and the insert."""
    owner = await stored_user(database, email_key="root@work.example")
    await give(database, ADMINISTRATOR, owner)
    user = someone(email_key="root@work.example")
    repository = IdentityProviderRepository(database)

    with pytest.raises(FullAdministratorRequiredError):
        await repository.add_user(user, identity_of(user, "root"), event=new_event())

    assert await repository.find_identity(ISSUER, "root") is None
    other = user._replace(email_key=None)
    assert await repository.add_user(other, identity_of(other, "root"), event=new_event())


async def test_the_identities_of_a_deleted_user_are_remembered_by_their_digest(
    database: Database,
) -> None:
    repository, user = IdentityProviderRepository(database), someone()
    assert await repository.add_user(user, identity_of(user, "ada"), event=new_event())
    before = await repository.has_ended_link(ISSUER, "ada")

    await AccountRepository(database).delete(
        user.user_id, is_full=True, now=NOW, events=[new_event()]
    )

    assert not before
    assert await repository.has_ended_link(ISSUER, "ada")
    assert not await repository.has_ended_link(ISSUER, "grace")
    assert not await repository.has_ended_link("https://other.example", "ada")


async def test_an_identity_that_was_withdrawn_at_a_promotion_is_remembered(
    database: Database,
) -> None:
    """Decision 43: the account may have been prepared by others"""
    repository, user = IdentityProviderRepository(database), someone()
    event = replace(new_event(user_id=user.user_id), is_preparation=True)
    assert await repository.add_user(user, identity_of(user, "ada"), event=event)

    await give(database, ADMINISTRATOR, user)

    assert await repository.find_identity(ISSUER, "ada") is None
    assert await repository.has_ended_link(ISSUER, "ada")


async def test_the_identities_of_a_removed_provider_are_remembered(database: Database) -> None:
    repository, user = IdentityProviderRepository(database), someone()
    await stored_provider(database, "work")
    assert await repository.add_user(user, identity_of(user, "ada"), event=new_event())

    removed = await repository.remove("work", event=new_event())

    assert removed == 1
    assert await repository.has_ended_link(ISSUER, "ada")
