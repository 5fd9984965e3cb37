"""`.env.example` and the documentation name what there is."""

import importlib
import re
from pathlib import Path

import pytest

from app.cli.commands import COMMANDS
from app.settings import Settings
from tests.deployment.files import ROOT, SETTING_NAMES, text_of

ONLY_FOR_COMPOSE = {"POSTGRES_PASSWORD"}
EXAMPLE = dict(re.findall(r"^#([A-Z][A-Z0-9_]*)=(.*)$", text_of(".env.example"), re.MULTILINE))


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert set(EXAMPLE) - ONLY_FOR_COMPOSE == SETTING_NAMES


def test_the_values_of_the_example_are_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SETTING_NAMES:
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "example"
    file.write_text(
        "".join(f"{name}={value}\n" for name, value in EXAMPLE.items()).replace(
            "APP_ENV=production", "APP_ENV=development"
        )  # production wants more than defaults
    )

    example = Settings(_env_file=file)

    assert example == Settings(_env_file=None, app_env="development")


def test_every_setting_of_the_example_is_commented_out() -> None:
    lines = text_of(".env.example").splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


def test_the_settings_documentation_names_every_setting() -> None:
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text_of("docs/settings.md")))

    assert documented >= SETTING_NAMES


def test_the_readme_names_every_command_and_action_and_no_other() -> None:
    section = text_of("README.md").partition("## On the command line")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^ {4}postern ([a-z-]+)(.*(?:\n {16,}.*)*)$", section, re.MULTILINE))
    groups = {name: importlib.import_module(module).cli for name, module in COMMANDS.items()}

    assert listed.keys() == groups.keys()
    assert {
        name: set(re.findall(r"[a-z-]+", listed[name]))
        for name, group in groups.items()
        if group.info.name
    } == {
        name: {command.name for command in group.registered_commands if not command.hidden}
        for name, group in groups.items()
        if group.info.name
    }


@pytest.mark.parametrize(
    "name",
    [
        *(path.name for path in ROOT.glob("*.md")),
        *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
    ],
)
def test_every_link_between_documents_has_an_existing_target(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text_of(name))

    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []
