"""`postern export`: write a file of desired state from what exists."""

import sys
from typing import TYPE_CHECKING, Annotated

from app.cli.desired_state import run_with_files
from app.cli.parameters import option
from app.cli.parsing import Commands
from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.wiring.desired_state import DesiredState

cli = Commands()


@cli.command("export")
def export(
    *,
    owner: Annotated[
        str, option("--owner", metavar="NAME", help="The owner that the file states.")
    ] = "exported",
) -> int:
    """Write clients, groups, roles, attributes and identity providers to standard output, as a file
    for apply. Secrets become environment variables, which are listed on standard error."""

    async def write(desired_state: "DesiredState") -> int:
        from app.services.operations.desired_state.documents import is_owner

        if not is_owner(owner):
            raise InvalidInputError("--owner must have 1 to 64 characters from a-z, 0-9, ., _, -.")
        exported = await desired_state.exporter.export(owner)
        print(exported.text, end="")
        if exported.variables:
            print("Before you apply the file on another server, set:", file=sys.stderr)
        for name in exported.variables:
            print(f"  {name}", file=sys.stderr)
        return 0

    return run_with_files(write)
