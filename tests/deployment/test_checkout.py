"""A checkout in which nothing was built, as on Vercel."""

import shutil
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import serving
from tests.deployment.files import ROOT
from tests.support.machine import scaled


@pytest.mark.slow
def test_a_checkout_without_compiled_translations_serves_german_pages(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for package in ("app", "migrations"):
        not_copied = shutil.ignore_patterns("*.mo", "__pycache__")
        shutil.copytree(ROOT / package, checkout / package, ignore=not_copied)

    with (
        serving(tmp_path, PYTHONPATH=str(checkout)) as server,
        httpx.Client(base_url=server.url, timeout=scaled(30)) as http,
    ):
        page = http.get("/login", headers={"Accept-Language": "de"})

    assert '<html lang="de"' in page.text
    assert "Passwort" in page.text
    assert list(checkout.rglob("*.mo")) == []
