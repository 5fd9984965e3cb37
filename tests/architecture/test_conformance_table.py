"""The table in docs/conformance.md names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "conformance.md").read_text()
SOURCES = {path: path.read_text() for path in TESTS.rglob("*.py")}


def test_every_file_named_in_the_table_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)?test_\w+\.py)`", TABLE))

    assert len(named) > 15
    for name in named:
        assert any(str(path).endswith(f"/{name}") for path in SOURCES), name


def test_every_test_named_in_the_table_exists() -> None:
    named = set(re.findall(r"`(test_\w+)…?`", TABLE))

    assert len(named) > 20
    for name in named:
        assert any(f"def {name}" in source for source in SOURCES.values()), name
