"""`postern serve` warns of a misspelt setting in `.env`, once."""

import re
from pathlib import Path

import pytest

from tests.cli.processes import serving

LINE = re.compile(r"WARNING.*ACCES_TOKEN_TTL in \.env is not a setting\. Did you mean ACCESS_TOKEN")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.slow
def test_the_server_starts_and_warns_once_about_a_misspelt_setting(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / ".env").write_text("ACCES_TOKEN_TTL=the-value-itself\n")

    with serving(tmp_path, WORKERS=workers) as server:
        assert len(LINE.findall(server.log())) == 1
        assert "the-value-itself" not in server.log()
