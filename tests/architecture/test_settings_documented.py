""".env.example lists every setting, and no setting that there is not."""

import re
from pathlib import Path

from app.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
READ_BY_OTHERS = {"FLASK_ENV", "POSTGRES_PASSWORD"}  # an older name, and docker compose's
LINE = re.compile(r"^#?\s?([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def documented() -> set[str]:
    return set(LINE.findall(EXAMPLE.read_text()))


def settings() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def test_every_setting_is_in_the_example() -> None:
    assert settings() - documented() == set()


def test_the_example_has_no_setting_that_nobody_reads() -> None:
    assert documented() - settings() - READ_BY_OTHERS == set()


def test_the_example_is_no_working_production_secret() -> None:
    """SECURITY_BAR row 48: who copies the file has to choose secrets of his own"""
    values = dict(
        line.split("=", 1)
        for line in EXAMPLE.read_text().splitlines()
        if re.match(r"^[A-Z0-9_]+=", line)
    )

    for name in ("SECRET_KEY", "ADMIN_TOKEN"):
        assert len(values.get(name, "").strip("\"'")) < 20
