"""Optional dependencies, each installed as an extra of Postern."""

from importlib.util import find_spec

from app.startup_errors import StartupError


def require_extra(extra: str, *, module: str, needed_by: str) -> None:
    """Raise `StartupError` with the command that installs the extra if its module is missing.

    `needed_by` names the setting or the command that needs it.
    """
    if find_spec(module) is None:
        raise StartupError(
            f"{needed_by}: install the extra that it needs: pip install 'postern-server[{extra}]'"
        )
