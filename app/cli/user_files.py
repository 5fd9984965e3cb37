"""`postern users import` and `postern users export`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from app.cli.base import with_services
from app.cli.import_results import number, print_problem, refuse_problems
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, flag, one_of, option
from app.schemas.user_files import FORMATS, Format
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.accounts.imports.users import Checked
    from app.wiring import Services

FormatOption = Annotated[
    Format | None,
    option(
        "--format",
        **one_of(FORMATS),
        metavar="|".join(FORMATS),
        help="Format of the file, if its name does not end in .csv or .jsonl.",
    ),
]


def import_users(
    file: Annotated[str, argument(metavar="FILE", help="CSV with a header, or JSON lines.")],
    *,
    format_name: FormatOption = None,
    only_checks: Annotated[
        bool, flag("--dry-run", help="Only check the file, and store nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import users from a file, with the password hashes of another server.

    If anything is wrong, every problem is listed with its line, and nothing is imported.
    """
    path = Path(file)

    async def run(services: "Services") -> "Checked":
        from app.services.accounts.imports.records import format_of, user_candidates

        source = partial(user_candidates, path, format_name or format_of(path))
        users = services.accounts.imports.users
        checked = await users.check(source, print_problem, authority=FULL)
        refuse_problems(checked.problems)
        if not only_checks:
            await users.store(
                source, candidates=checked.candidates, skips_invalid=False, authority=FULL
            )
        return checked

    checked = with_services(run)
    if as_json:
        row = {"users": checked.new, "already_imported": checked.present, "dry_run": only_checks}
        show_one(row, as_json=True)
        return
    print(f"{'Would import' if only_checks else 'Imported'} {number(checked.new, 'user')}.")
    if checked.present:
        print(f"{number(checked.present, 'user')} had been imported before.")


def export_users(
    *,
    format_name: Annotated[
        Format, option("--format", **one_of(FORMATS), metavar="|".join(FORMATS))
    ] = "csv",
    with_hashes: Annotated[
        bool, flag("--with-hashes", help="Include the hashes of passwords. Keep the file secret.")
    ] = False,
) -> None:
    """Print all users in a form that `postern users import` reads."""

    async def print_all(services: "Services") -> None:
        from app.services.accounts.exports import csv_header, csv_lines, json_lines

        if format_name == "csv":
            print(csv_header(with_hashes=with_hashes), end="")
        export = services.accounts.imports.user_export
        pages = export.pages(with_hashes=with_hashes, authority=FULL)
        async for rows in pages:
            is_csv = format_name == "csv"
            text = csv_lines(rows, with_hashes=with_hashes) if is_csv else json_lines(rows)
            print(text, end="")

    with_services(print_all)
