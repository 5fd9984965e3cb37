"""Postern, an OAuth 2.1 authorization server, as an installed package.

This is the only package that an installed wheel makes importable. The application's own packages,
`app` and `migrations`, are in a folder inside it, which comes first on the path once Postern
starts. In a checkout and in an editable install, that folder is the checkout.
"""

import sys
from pathlib import Path
from typing import Any

PACKAGES = ("app", "migrations")
EXIT_CANNOT_START = 2
_BUNDLED = Path(__file__).parent / "_code"
_CHECKOUT = Path(__file__).parents[2]


def main() -> int:
    """Run the `postern` command and return its exit code."""
    try:
        use_own_packages()
    except ImportError as error:
        print(f"postern: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    from app.cli import main as run_command

    return run_command()


def __getattr__(name: str) -> Any:
    """Return `postern_server:app` for an ASGI server, created from the environment.

    Raises `ImportError` if this process has imported another package named `app`.
    """
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    use_own_packages()
    from app.main import app as application

    return application


def use_own_packages() -> None:
    """Put Postern's packages first on the path; raise `ImportError` if others have their names.

    For programs that start Postern themselves, such as the pytest plugin of `postern-kit`.
    """
    directory = _BUNDLED if _BUNDLED.is_dir() else _CHECKOUT
    for name in PACKAGES:
        location = _imported_from(name)
        if location is not None and location != directory / name:
            raise ImportError(
                f"this process has already imported another package named {name!r} ({location}):"
                " run Postern in a process of its own"
            )
    if str(directory) not in sys.path[:1]:
        sys.path.insert(0, str(directory))


def _imported_from(name: str) -> Path | None:
    """Return the directory of an imported package, the file of a module, or None."""
    module = sys.modules.get(name)
    if module is None:
        return None
    folders = list(getattr(module, "__path__", ()))
    return Path(folders[0] if folders else getattr(module, "__file__", None) or name).resolve()
