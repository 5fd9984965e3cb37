"""Repository methods that join one transaction."""

import asyncio

import pytest

from app.database.database import Database
from app.models.accounts.groups import groups
from app.models.clients.clients import Client
from app.repositories.accounts.groups import GroupRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.operations.desired_state import DesiredStateRepository
from tests.repositories.conftest import NOW, new_client
from tests.repositories.people import new_group, stored_group
from tests.support.events import new_event
from tests.support.parts import count
from tests.support.waiting import eventually


async def test_all_changes_are_undone_if_one_method_raises(database: Database) -> None:
    group_repository = GroupRepository(database)

    async def work() -> None:
        await group_repository.add(new_group("a"), event=new_event())
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await DesiredStateRepository(database).run(work)

    assert await group_repository.find_by_name("a") is None
    assert await count(database, "audit_outbox") == 0


async def test_a_method_that_gives_up_undoes_only_its_own_changes(database: Database) -> None:
    group_repository = GroupRepository(database)

    async def work() -> list[bool]:
        return [
            await group_repository.add(new_group(name), event=new_event())
            for name in ("a", "a", "b")
        ]

    assert await DesiredStateRepository(database).run(work) == [True, False, True]
    assert [each.name for each in await group_repository.list_page()] == ["a", "b"]
    assert await count(database, "audit_outbox") == 2


async def test_methods_see_the_changes_of_those_before_and_others_do_not(
    database: Database,
) -> None:
    client_repository = ClientRepository(database)
    has_added, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> Client | None:
        await client_repository.add(new_client(client_id="app"), event=new_event())
        has_added.set()
        await may_end.wait()
        return await client_repository.find("app", now=NOW)

    running = asyncio.create_task(DesiredStateRepository(database).run(work))
    await has_added.wait()
    seen_by_others = await client_repository.find("app", now=NOW)
    may_end.set()
    seen_inside = await running

    assert seen_by_others is None
    assert seen_inside is not None
    assert await client_repository.find("app", now=NOW) is not None


async def test_a_rehearsal_changes_nothing_and_returns_its_result(database: Database) -> None:
    group_repository = GroupRepository(database)

    async def work() -> bool:
        return await group_repository.add(new_group("a"), event=new_event())

    assert await DesiredStateRepository(database).run(work, is_rehearsal=True) is True
    assert await group_repository.find_by_name("a") is None


async def test_the_work_is_done_again_after_a_wait_for_a_lock(database: Database) -> None:
    group_repository = GroupRepository(database)
    group = await stored_group(database, name="a")
    is_locked, attempts = asyncio.Event(), 0

    async def hold_the_row() -> None:
        async with database.transaction() as connection:
            await connection.execute(groups.update().values(description="other"))
            is_locked.set()
            if database.backend.name == "sqlite":
                await asyncio.sleep(0.2)  # the work begins when it gets the lock
            else:
                await eventually(lambda: attempts > 1)

    async def work() -> bool:
        nonlocal attempts
        attempts += 1
        await group_repository.add(new_group("b"), event=new_event())
        return await group_repository.delete(group, is_full=True, event=new_event())

    holding = asyncio.create_task(hold_the_row())
    await is_locked.wait()
    is_deleted = await DesiredStateRepository(database).run(work)
    await holding

    assert is_deleted
    assert [each.name for each in await group_repository.list_page()] == ["b"]
    assert attempts == 1 if database.backend.name == "sqlite" else attempts > 1


@pytest.mark.parametrize(("version", "is_current"), [(1, True), (2, False)])
async def test_the_versions_of_rows_are_compared(
    database: Database, version: int, *, is_current: bool
) -> None:
    group = await stored_group(database, name="a")
    repository = DesiredStateRepository(database)

    assert await repository.lock(groups, {group.group_id: version}) is is_current
    assert await repository.lock(groups, {group.group_id: version, "gone": 1}) is False
