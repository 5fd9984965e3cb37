"""Imports inside functions follow the policy in docs/architecture.md."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Reason(Enum):
    """Why an import stands inside a function."""

    OPTIONAL = "a library of an extra, which may not be installed"
    RARE = "many servers never use it, and it takes memory or time"
    AFTER_SETTINGS = "a refused start and another command do not need it; only in cli and server"


REASONS = {
    "aiodns": Reason.RARE,
    "aiosmtplib": Reason.RARE,
    "alembic": Reason.RARE,
    "app.pages.admin": Reason.RARE,
    "app.routers.admin.openapi": Reason.RARE,
    "app.routers.admin.registry": Reason.RARE,
    "app.outbound.connections": Reason.RARE,  # imports httpcore
    "app.outbound.redis_scripts": Reason.OPTIONAL,  # imports redis
    "app.security.signatures": Reason.RARE,  # imports joserfc
    "asyncpg": Reason.RARE,
    "bcrypt": Reason.RARE,
    "cryptography.hazmat": Reason.AFTER_SETTINGS,
    "cryptography.hazmat.primitives.asymmetric": Reason.RARE,  # with cryptography.x509
    "cryptography.x509": Reason.RARE,
    "ctypes": Reason.RARE,
    "email.headerregistry": Reason.RARE,
    "email.policy": Reason.RARE,
    "httpcore": Reason.RARE,
    "httpx": Reason.OPTIONAL,
    "jinja2": Reason.RARE,
    "joserfc": Reason.RARE,
    "pyotp": Reason.AFTER_SETTINGS,
    "qrcode": Reason.RARE,
    "regex": Reason.RARE,
    "uvicorn": Reason.AFTER_SETTINGS,
    "webauthn": Reason.RARE,
}
"""What may be imported inside functions, with the modules below it."""
PLACES_AFTER_SETTINGS = ("app/cli/", "app/server/")
"""Here any module of Postern may be imported after the settings are validated."""


class LateImport(NamedTuple):
    path: str
    module: str


def late_imports(source: str, path: str) -> Iterator[LateImport]:
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (LateImport(path, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    names = [alias.name for alias in node.names]
                    yield from (LateImport(path, f"{node.module}.{name}") for name in names)


def entry_for(each: LateImport) -> str | None:
    """Return the entry of `REASONS` for an import."""
    parts = each.module.split(".")
    candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in candidates if name in REASONS), None)


def is_allowed(each: LateImport) -> bool:
    is_after_settings = each.path.startswith(PLACES_AFTER_SETTINGS)
    entry = entry_for(each)
    if entry is None:
        return is_after_settings and each.module.startswith("app.")
    return is_after_settings or REASONS[entry] is not Reason.AFTER_SETTINGS


@pytest.fixture(scope="module")
def of_the_application() -> list[LateImport]:
    return [
        each
        for path in sorted((ROOT / "app").rglob("*.py"))
        for each in late_imports(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]


def test_every_import_inside_a_function_has_a_reason(of_the_application: list[LateImport]) -> None:
    assert [each for each in of_the_application if not is_allowed(each)] == []


def test_every_reason_is_needed(of_the_application: list[LateImport]) -> None:
    assert REASONS.keys() - {entry_for(each) for each in of_the_application} == set()


@pytest.mark.parametrize(
    ("path", "statement", "is_accepted"),
    [
        ("app/services/mail.py", "import json", False),
        ("app/services/mail.py", "from app.services import limits", False),
        ("app/services/mail.py", "import uvicorn", False),
        ("app/services/mail.py", "from jinja2.sandbox import Environment", True),
        ("app/cli/serve.py", "from app.services import limits", True),
        ("app/cli/serve.py", "import uvicorn", True),
        ("app/cli/serve.py", "import json", False),
    ],
)
def test_an_import_without_a_reason_is_found(path: str, statement: str, is_accepted: bool) -> None:
    source = f"async def function():\n    if True:\n        {statement}\n"

    (each,) = late_imports(source, path)

    assert is_allowed(each) is is_accepted


@pytest.mark.slow
def test_an_application_that_has_served_nothing_has_not_imported_what_is_rare() -> None:
    """An import at the top of another module would make the ones in functions useless."""
    rare = {name for name, reason in REASONS.items() if reason is not Reason.AFTER_SETTINGS}
    code = "import sys, app.main; print(*sys.modules)"

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    assert rare & set(run.stdout.split()) == set()
