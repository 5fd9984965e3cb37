"""Files that only the server's own account may read: the database and the files next to it."""

import os
import stat
from contextlib import suppress
from pathlib import Path

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
OTHERS = 0o077


def make_private_directory(path: Path) -> None:
    """Create a directory with mode 0700; leave an existing one unchanged."""
    path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Create an empty file with mode 0600; leave an existing one unchanged."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def mode_open_to_others(path: Path) -> str | None:
    """Return the mode of a file, such as `644`, if others have access, and None otherwise."""
    if os.name != "posix":
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{mode:o}" if mode & OTHERS else None
