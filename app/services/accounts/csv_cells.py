"""Cells of CSV that spreadsheets do not take for formulas."""

import re

DANGEROUS = re.compile("'*[=+\\-@\t\r]")
"""The beginning of a formula, or of a cell that would be restored to something else."""
RESTORABLE = re.compile("''*[=+\\-@\t\r]")


def defused(cell: str) -> str:
    """Return a cell with a leading apostrophe if a spreadsheet would run it as a formula.

    A cell that looks like a defused one gets another apostrophe, so that nothing is lost.
    """
    return f"'{cell}" if DANGEROUS.match(cell) else cell


def restored(cell: str) -> str:
    """Return a cell as it was before `defused`."""
    return cell[1:] if RESTORABLE.match(cell) else cell
