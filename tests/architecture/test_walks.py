"""The documents for contributors are true: their blocks work, and what they name is there."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.walks import ROOT, apply, blocks_of, changed, copied_repository

WALKS = ("adding-a-grant", "adding-an-account-page", "adding-a-setting")
DOCUMENTS = (
    "CONTRIBUTING.md", "docs/architecture.md", "docs/testing.md",
    *(f"docs/{walk}.md" for walk in WALKS),
)  # fmt: skip
FOLDERS = "app|benchmarks|docs|launcher|migrations|tests|tools"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAXIMUM_LINES_OF_A_SCREEN = 60


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def anchors_of(text: str) -> set[str]:
    """The anchors of the headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.slow
@pytest.mark.parametrize("walk", WALKS)
def test_every_step_of_a_walk_works(walk: str, tmp_path: Path) -> None:
    """The blocks change a copy of the repository, and its tests use the result over HTTP."""
    directory = copied_repository(tmp_path / "repository")

    for block in blocks_of(text_of(f"docs/{walk}.md")):
        apply(block, directory)

    created = [block.file for block in blocks_of(text_of(f"docs/{walk}.md")) if block.file]
    python = [file for file in created if file.endswith(".py")]
    for options in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *options, "--quiet", *python]
        result = subprocess.run(ruff, cwd=directory, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("walk", WALKS)
def test_every_block_of_a_walk_is_preceded_by_the_name_of_its_file(walk: str) -> None:
    """GitHub does not show the words after the language of a block."""
    blocks = [block for block in blocks_of(text_of(f"docs/{walk}.md")) if block.file]

    assert len(blocks) >= 3
    for block in blocks:
        assert f"`{block.file}`" in block.before, block.file


@pytest.mark.parametrize("walk", WALKS)
def test_every_change_in_a_walk_fits_the_code_of_today(walk: str) -> None:
    for block in blocks_of(text_of(f"docs/{walk}.md")):
        if block.language == "diff" and not block.file.endswith(".po"):  # extracted on the way
            assert changed(text_of(block.file), block.text) != text_of(block.file)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    text = text_of(document)
    created = {block.file for block in blocks_of(text)}

    missing = {path for path in PATH.findall(text) if not (ROOT / path).exists()}

    assert missing <= created


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    for link in LINK.findall(text_of(document)):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (ROOT / document).parent / parts.path if parts.path else ROOT / document
        assert target.exists(), link
        assert not parts.fragment or parts.fragment in anchors_of(target.read_text()), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_document_links_to_the_glossary(document: str) -> None:
    assert re.search(r"\]\((docs/)?glossary\.md(#[\w-]+)?\)", text_of(document))


def test_the_front_door_for_contributors_is_one_screen_and_leads_to_every_document() -> None:
    text = text_of("CONTRIBUTING.md")

    assert len(text.splitlines()) <= MAXIMUM_LINES_OF_A_SCREEN
    for document in DOCUMENTS[1:]:
        assert f"]({document}" in text


def test_a_change_that_fits_nowhere_or_twice_is_an_error() -> None:
    with pytest.raises(AssertionError, match="0 places"):
        changed("one\ntwo\n", " three\n+four\n")
    with pytest.raises(AssertionError, match="2 places"):
        changed("one\none\n", " one\n+two\n")
    assert changed("one\ntwo\nthree\n", " one\n+new\n@@\n-three\n+3\n") == "one\nnew\ntwo\n3\n"
