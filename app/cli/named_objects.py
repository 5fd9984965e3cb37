"""The commands `list`, `show` and `delete` of objects that a name identifies."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from app.cli.base import with_services
from app.cli.output import show as show_rows
from app.cli.output import show_one
from app.cli.parameters import AsJson, IsConfirmed, argument, require_confirmation
from app.cli.parsing import Commands
from app.services.operations.authority import FULL, Authority

if TYPE_CHECKING:
    from app.wiring import Services

ObjectName = Annotated[str, argument(metavar="NAME")]


class NamedService(Protocol):
    """The service of objects of one kind, of which there are few."""

    def list_all(self) -> Awaitable[Sequence[Any]]: ...

    def get(self, name: str) -> Awaitable[Any]: ...

    def delete(self, name: str, *, authority: Authority) -> Awaitable[None]: ...


@dataclass(frozen=True, kw_only=True)
class NamedObjects:
    """A kind of objects. `what` is one of them, as in "a scope"; the texts are those of --help."""

    service: Callable[["Services"], NamedService]
    row: Callable[[Any], dict[str, Any]]
    what: str
    list_help: str
    show_help: str
    delete_help: str

    def add_to(self, cli: Commands) -> None:
        """Add the three commands."""
        cli.command("list", help=self.list_help)(self._list)
        cli.command("show", help=self.show_help)(self._show)
        cli.command("delete", help=self.delete_help)(self._delete)

    def _list(self, *, as_json: AsJson = False) -> None:
        rows = with_services(lambda services: self.service(services).list_all())
        show_rows([self.row(each) for each in rows], as_json=as_json)

    def _show(self, name: ObjectName, *, as_json: AsJson = False) -> None:
        row = with_services(lambda services: self.service(services).get(name))
        show_one(self.row(row), as_json=as_json)

    def _delete(
        self, name: ObjectName, *, is_confirmed: IsConfirmed = False, as_json: AsJson = False
    ) -> None:
        require_confirmation(self.what, is_confirmed=is_confirmed)

        async def remove(services: "Services") -> dict[str, Any]:
            await self.service(services).delete(name, authority=FULL)
            return {"deleted": name}

        show_one(with_services(remove), as_json=as_json)
