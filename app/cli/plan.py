"""`postern plan`: show what `postern apply` would change."""

from typing import TYPE_CHECKING, Annotated

from app.cli.desired_state import Files, KeepsOthers, TakesOver, rehearsed_plan, run_with_files
from app.cli.parameters import AsJson, flag
from app.cli.parsing import Commands
from app.cli.plan_output import print_plan

if TYPE_CHECKING:
    from app.wiring.desired_state import DesiredState

EXIT_CHANGES = 3

cli = Commands()


@cli.command("plan")
def plan(
    files: Files,
    *,
    has_detailed_exit_code: Annotated[
        bool, flag("--detailed-exitcode", help="Exit with 3 if there are changes.")
    ] = False,
    takes_over: TakesOver = False,
    keeps_others: KeepsOthers = False,
    as_json: AsJson = False,
) -> int:
    """Show what apply would change, without changing anything. A file that cannot be applied is
    exit code 2."""

    async def show(desired_state: "DesiredState") -> int:
        planned = await rehearsed_plan(
            desired_state, files, takes_over=takes_over, keeps_others=keeps_others
        )
        print_plan(planned, as_json=as_json)
        return EXIT_CHANGES if planned.changes and has_detailed_exit_code else 0

    return run_with_files(show)
