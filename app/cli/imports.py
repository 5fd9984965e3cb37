"""`postern import …`: take over the users and clients of another server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from app.cli.base import with_services
from app.cli.import_results import number, print_problem, refuse_problems
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, flag
from app.cli.parsing import Commands
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.accounts.imports.flask import CheckedFile
    from app.wiring import Services

cli = Commands("import", help="Import the data of another server.")


@cli.command("flask")
def import_flask(
    file: Annotated[str, argument(metavar="FILE", help="The SQLite file of that server.")],
    *,
    skips_invalid: Annotated[
        bool, flag("--skip-invalid", help="Leave out what has a problem, and import the rest.")
    ] = False,
    only_checks: Annotated[
        bool, flag("--dry-run", help="Only check the file, and store nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import users and clients from the original Flask server.

    Users keep their password and authenticator app, clients their ID and secret. Tokens are left
    out: users sign in again. If anything is wrong, every problem is listed, and nothing is
    imported.
    """

    async def run(services: "Services") -> "CheckedFile":
        checked = await services.accounts.imports.flask.run(
            Path(file),
            print_problem,
            only_checks=only_checks,
            skips_invalid=skips_invalid,
            authority=FULL,
        )
        if not skips_invalid:
            refuse_problems(checked.problems)
        return checked

    checked = with_services(run)
    present = checked.users.present + checked.clients.present
    if as_json:
        row = {
            "users": checked.users.new,
            "clients": checked.clients.new,
            "already_imported": present,
            "problems": checked.problems,
            "dry_run": only_checks,
        }
        show_one(row, as_json=True)
        return
    users, clients = number(checked.users.new, "user"), number(checked.clients.new, "client")
    print(f"{'Would import' if only_checks else 'Imported'} {users} and {clients}.")
    if present:
        print(f"{present} had been imported before.")
    if checked.problems:
        print(f"{number(checked.problems, 'problem')} above: what they name was left out.")
