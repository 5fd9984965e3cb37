""".env.example lists every setting, and no setting that there is not."""

import re
from pathlib import Path

import yaml

from app.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
READ_BY_OTHERS = {"FLASK_ENV", "POSTGRES_PASSWORD"}  # an older name, and docker compose's
FIXED = {"APP_ENV"}  # it is what makes the file the production one
LINE = re.compile(r"^#?\s?([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def documented() -> set[str]:
    return set(LINE.findall(EXAMPLE.read_text()))


def settings() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def test_every_setting_is_in_the_example() -> None:
    assert settings() - documented() == set()


def test_the_example_has_no_setting_that_is_not_read() -> None:
    assert documented() - settings() - READ_BY_OTHERS == set()


def test_the_production_compose_file_passes_every_setting_to_the_server() -> None:
    """A setting in `.env` that the container never sees would be silently ignored."""
    parsed = yaml.safe_load((ROOT / "compose.production.yml").read_text())
    environment: dict[str, str] = parsed["services"]["server"]["environment"]

    handed_through = {
        name for name, value in environment.items() if value.startswith(f"${{{name}:")
    }
    assert handed_through == settings() - FIXED
    assert set(environment) == settings()


def test_the_example_contains_no_usable_production_secret() -> None:
    """SECURITY_BAR row 48: who copies the file has to choose secrets of his own"""
    values = dict(
        line.split("=", 1)
        for line in EXAMPLE.read_text().splitlines()
        if re.match(r"^[A-Z0-9_]+=", line)
    )

    for name in ("SECRET_KEY", "ADMIN_TOKEN"):
        assert len(values.get(name, "").strip("\"'")) < 20
