"""`postern users set-attribute` and `unset-attribute`."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.attribute_values import typed_values
from app.cli.base import with_services
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument
from app.cli.user_rows import Username
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

Name = Annotated[str, argument()]


def set_attribute(
    username: Username,
    name: Name,
    value: Annotated[str, argument(help="In the type of the attribute; a list is a,b,c.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Set an attribute of a user."""

    async def store(services: "Services") -> dict[str, Any]:
        values = await typed_values(services, {name: value})
        return await _changed(services, username, values)

    show_one(with_services(store), as_json=as_json)


def unset_attribute(username: Username, name: Name, *, as_json: AsJson = False) -> None:
    """Remove an attribute from a user."""
    row = with_services(lambda services: _changed(services, username, {name: None}))
    show_one(row, as_json=as_json)


async def _changed(services: "Services", username: str, changes: dict[str, Any]) -> dict[str, Any]:
    user = await services.accounts.users.get(username)
    values = await services.accounts.user_attributes.set(user.user_id, changes, authority=FULL)
    return {"username": user.username, "attributes": dict(values)}
