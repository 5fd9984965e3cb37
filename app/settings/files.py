"""Files that only the server's own account may read: the database and what is kept beside it."""

import os
import stat
from contextlib import suppress
from pathlib import Path

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
OTHERS = 0o077


def make_private_directory(path: Path) -> None:
    """Create a directory for its owner alone; one that exists is left as it is."""
    path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Create an empty file for its owner alone; one that exists is left as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def mode_open_to_others(path: Path) -> str | None:
    """Return the mode of a file that others have rights to, as in `644`; None where nobody has."""
    if os.name != "posix":
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{mode:o}" if mode & OTHERS else None
