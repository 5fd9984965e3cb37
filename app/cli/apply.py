"""`postern apply`: make clients, groups and other objects as files state them."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

from app.cli.desired_state import Files, KeepsOthers, TakesOver, rehearsed_plan, run_with_files
from app.cli.parameters import AsJson, flag
from app.cli.parsing import Commands
from app.cli.plan_output import print_plan
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.operations.desired_state.changes import Plan
    from app.wiring.desired_state import DesiredState

cli = Commands()


@cli.command("apply")
def apply(
    files: Files,
    *,
    is_confirmed: Annotated[bool, flag("--yes", help="Delete without asking.")] = False,
    takes_over: TakesOver = False,
    keeps_others: KeepsOthers = False,
    as_json: AsJson = False,
) -> int:
    """Make clients, groups, roles, attributes and identity providers as files state them, all or
    nothing. Users are never changed."""

    async def store(desired_state: "DesiredState") -> int:
        planned = await rehearsed_plan(
            desired_state, files, takes_over=takes_over, keeps_others=keeps_others
        )
        print_plan(planned, as_json=as_json)
        if not is_confirmed and planned.of("delete"):
            await _require_agreement(planned)
        await desired_state.applier.apply(planned, authority=FULL)
        if planned.changes and not as_json:
            print("Applied.")
        return 0

    return run_with_files(store)


async def _require_agreement(planned: "Plan") -> None:
    """Raise `InvalidInputError` unless an operator at the terminal agrees to the deletions."""
    names = ", ".join(change.title for change in planned.of("delete"))
    print(f"To delete, with all that belongs to it: {names}", file=sys.stderr)
    is_agreed = sys.stdin.isatty() and await asyncio.to_thread(_agrees)
    if not is_agreed:
        raise InvalidInputError("Nothing was changed. Use --yes to delete without confirmation.")


def _agrees() -> bool:
    print("Apply these changes? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
