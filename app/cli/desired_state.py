"""Shared by the commands for files of desired state."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from app.cli.base import with_services
from app.cli.parameters import argument, flag
from app.cli.parsing import EXIT_WRONG_USAGE
from app.errors import ConflictError, StaleVersionError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.operations.desired_state.changes import Plan
    from app.wiring import Services
    from app.wiring.desired_state import DesiredState

Result = TypeVar("Result")
Files = Annotated[list[str], argument(metavar="FILE…", help="YAML files, each with its owner.")]
TakesOver = Annotated[
    bool, flag("--take-over", help="Take over objects that belong to another owner.")
]
KeepsOthers = Annotated[
    bool,
    flag(
        "--no-prune", help="Keep objects that the files no longer state, instead of deleting them."
    ),
]


def run_with_files(work: Callable[["DesiredState"], Awaitable[int]]) -> int:
    """Run a command and return its exit code, which is 2 if a file cannot be applied."""

    async def run(services: "Services") -> int:
        from app.services.operations.desired_state.problems import InvalidFilesError
        from app.wiring.desired_state import build_desired_state

        try:
            return await work(build_desired_state(services, os.environ))
        except InvalidFilesError as error:
            for problem in error.problems:
                print(f"postern: {problem}", file=sys.stderr)
            return EXIT_WRONG_USAGE
        except StaleVersionError:
            raise ConflictError("Something was changed in the meantime. Try again.") from None

    return with_services(run)


async def rehearsed_plan(
    desired_state: "DesiredState", files: list[str], *, takes_over: bool, keeps_others: bool
) -> "Plan":
    """Return the plan of files, after making its changes in a transaction that is rolled back."""
    plan = await desired_state.planner.plan(
        [Path(file) for file in files],
        takes_over=takes_over,
        prunes=not keeps_others,
        authority=FULL,
    )
    await desired_state.applier.apply(plan, is_rehearsal=True, authority=FULL)
    return plan
