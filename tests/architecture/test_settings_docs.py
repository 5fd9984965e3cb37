"""`docs/settings.md` and `.env.example` are what `make docs` writes from the settings."""

import re
from pathlib import Path

import pytest

from app.settings import Settings
from app.settings.groups.base import Default
from tools.settings_docs import DOCUMENT, EXAMPLE, GROUPS, document, example, fields_of

FIELDS = {name: field for group in GROUPS for name, field in fields_of(group).items()}


def test_the_document_is_what_the_generator_writes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    assert document(text) == text, "run `make docs`"


def test_the_example_is_what_the_generator_writes() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example(), "run `make docs`"


def test_a_changed_table_is_written_anew() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    changed = re.sub(r"^\| `PORT` .*\n", "", text, flags=re.MULTILINE)

    assert changed != text
    assert document(changed) == text


def test_a_document_without_the_table_of_a_group_is_refused() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    without_limits = re.sub(r"^<!-- Generated .*limits.*\n", "", text, flags=re.MULTILINE)

    assert without_limits != text
    with pytest.raises(ValueError, match="must contain these lines"):
        document(without_limits)


def test_every_setting_is_in_one_group() -> None:
    names = [name for group in GROUPS for name in fields_of(group)]

    assert names == [name.upper() for name in Settings.model_fields]


def test_every_setting_has_a_description_of_whole_sentences() -> None:
    descriptions = {name: field.description or "" for name, field in FIELDS.items()}

    assert descriptions
    assert [
        name for name, each in descriptions.items() if not re.fullmatch(r"[A-Z`].*\.", each)
    ] == []


def test_a_setting_without_a_default_has_an_example_or_says_what_applies() -> None:
    without_default = {name: field for name, field in FIELDS.items() if field.default in (None, ())}

    assert without_default
    assert [
        name
        for name, field in without_default.items()
        if not field.examples and not any(isinstance(each, Default) for each in field.metadata)
    ] == []


def test_the_examples_are_valid_values(tmp_path: Path) -> None:
    """Sentences with code in them, and names of files that this machine does not have, aside."""
    examples = {
        name: str(field.examples[0])
        for name, field in FIELDS.items()
        if field.examples and "`" not in field.examples[0] and "/etc/" not in field.examples[0]
    }
    del examples["SMTP_USERNAME"]  # invalid without a password, whose example is a sentence
    del examples["MTLS_PORT"]  # invalid without certificates, whose files do not exist here
    file = tmp_path / "examples"
    file.write_text("".join(f"{name}={value}\n" for name, value in examples.items()))

    settings = Settings(_env_file=file, app_env="development")

    assert {"DATABASE_URL", "ISSUER", "MAIL_FROM"} <= examples.keys()
    assert {name.upper() for name in settings.model_fields_set} >= examples.keys()
