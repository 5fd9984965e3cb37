"""CHANGELOG.md says each thing once."""

import re
from collections import Counter
from pathlib import Path

import pytest

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
RELEASES = re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("release", RELEASES, ids=lambda text: text.partition("\n")[0])
def test_a_release_has_each_heading_and_each_entry_once(release: str) -> None:
    headings = re.findall(r"^### (.+)$", release, re.MULTILINE)
    entries = re.findall(r"^- (\S+(?: \S+){0,3})", release, re.MULTILINE)

    assert [each for each, number in Counter(headings + entries).items() if number > 1] == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda text: text.partition("\n")[0])
def test_a_release_lists_each_added_command_once(release: str) -> None:
    added = re.split(r"^### ", release.partition("### Added")[2], flags=re.MULTILINE)[0]
    commands = re.findall(r"`(postern (?:audit|keys|upstream) [a-z-]+)`", added)

    assert [each for each, number in Counter(commands).items() if number > 1] == []
