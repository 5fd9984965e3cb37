"""Catalogues of translations: compiled, and read from the newer of the two files."""

import gettext
import io
import os
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from app.i18n import languages
from app.i18n.catalogues import compiled

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def read(po: str) -> gettext.GNUTranslations:
    return gettext.GNUTranslations(io.BytesIO(compiled(HEADER + po)))


def test_a_text_of_several_lines_with_escapes_is_compiled() -> None:
    translations = read('msgid ""\n"a \\"b\\"\\n"\n"\\\\c"\nmsgstr ""\n"über\\t"\n"ß"\n')

    assert translations.gettext('a "b"\n\\c') == "über\tß"


def test_plural_forms_are_compiled() -> None:
    translations = read(
        'msgid "%(num)s day"\nmsgid_plural "%(num)s days"\n'
        'msgstr[0] "%(num)s Tag"\nmsgstr[1] "%(num)s Tage"\n'
    )

    assert translations.ngettext("%(num)s day", "%(num)s days", 1) == "%(num)s Tag"
    assert translations.ngettext("%(num)s day", "%(num)s days", 2) == "%(num)s Tage"


@pytest.mark.parametrize(
    "entry",
    [
        'msgid "Yes"\nmsgstr ""\n',
        '#, python-format, fuzzy\nmsgid "Yes"\nmsgstr "Ja"\n',
        '#~ msgid "Yes"\n#~ msgstr "Ja"\n',
    ],
)
def test_an_untranslated_fuzzy_or_obsolete_text_is_left_out(entry: str) -> None:
    assert read(entry).gettext("Yes") == "Yes"


@pytest.mark.parametrize(
    "entry",
    [
        'msgctxt "button"\nmsgid "Yes"\nmsgstr "Ja"\n',
        'msgid "Yes"\nmsgstr "Ja"\nmsgid "No"\nmsgstr "Nein"\n',
        'msgid "Yes\nmsgstr "Ja"\n',
        'msgid "Yes" "No"\nmsgstr "Ja"\n',
        '"Yes"\n',
    ],
)
def test_a_line_that_is_not_understood_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="not a line of a catalogue"):
        compiled(HEADER + entry)


def test_the_compiled_catalogue_is_one_that_other_programs_read() -> None:
    catalogue = read_mo(io.BytesIO(compiled(HEADER + 'msgid "Yes"\nmsgstr "Ja"\n')))

    assert catalogue.get("Yes").string == "Ja"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a German catalogue, in which the server looks for translations."""
    monkeypatch.setattr(languages, "DIRECTORY", tmp_path)
    path = tmp_path / "de" / "LC_MESSAGES"
    path.mkdir(parents=True)
    return path


def write(directory: Path, *, source: str = "", built: str = "", age: int = 0) -> None:
    """Write the source, the built catalogue, or both; the latter is `age` seconds older."""
    po, mo = directory / "postern.po", directory / "postern.mo"
    if source:
        po.write_text(f'{HEADER}msgid "Yes"\nmsgstr "{source}"\n')
        os.utime(po, (1000, 1000))
    if built:
        mo.write_bytes(compiled(f'{HEADER}msgid "Yes"\nmsgstr "{built}"\n'))
        os.utime(mo, (1000 - age, 1000 - age))


def german() -> str:
    return languages.translations_of.__wrapped__("de").gettext("Yes")


def test_without_a_built_catalogue_the_source_is_read(directory: Path) -> None:
    write(directory, source="Ja")

    assert german() == "Ja"


def test_a_built_catalogue_needs_no_source(directory: Path) -> None:
    write(directory, built="Jawohl")

    assert german() == "Jawohl"


@pytest.mark.parametrize(("age", "text"), [(0, "Jawohl"), (1, "Ja")])
def test_a_built_catalogue_is_read_unless_it_is_older_than_its_source(
    age: int, text: str, directory: Path
) -> None:
    write(directory, source="Ja", built="Jawohl", age=age)

    assert german() == text


def test_a_language_without_a_catalogue_is_not_translated(directory: Path) -> None:
    assert german() == "Yes"
