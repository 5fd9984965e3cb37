"""Groups that other objects refer to by name in a file, and by id in the database."""

from collections.abc import Iterable, Sequence

from app.errors import InvalidInputError
from app.models.accounts.groups import Group
from app.schemas.groups import group_key
from app.services.accounts.groups import GroupService
from app.services.operations.desired_state.paging import every


async def every_group(groups: GroupService) -> Sequence[Group]:
    async def page(last: Group | None) -> Sequence[Group]:
        return await groups.list_page(after=last.name_key if last is not None else "")

    return await every(page)


async def group_ids(groups: GroupService, names: Iterable[str], *, field: str) -> Sequence[str]:
    """Return the ids of groups; raise `InvalidInputError` for a name that no group has."""
    ids: list[str] = []
    for name in names:
        group = await groups.find_by_name(name)
        if group is None:
            raise InvalidInputError(f"there is no group {name}. Add it to groups.", field=field)
        ids.append(group.group_id)
    return ids


def keys_of(names: Iterable[str]) -> list[str]:
    """Return names of groups in the form in which they are compared."""
    return sorted({group_key(name) for name in names})
