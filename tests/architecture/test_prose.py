"""The prose linter: what each rule reports, and from where each kind of prose is taken."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.prose.passages import EXTRACTORS, Passage
from tools.prose.rules import REPOSITORY, Configuration, Rule, Source, load

CONFIGURATION = load()
RULES = CONFIGURATION.rules
BAD = [(rule, text) for rule in RULES for text in rule.bad]
GOOD = [(rule, text) for rule in RULES for text in rule.good]


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Rule) else None


def lines_found(extract: str, source: str, pattern: str = r"\bwhoever\b") -> list[int]:
    """Return the lines of a source on which a rule with this pattern has a finding."""
    rule = Rule("r", pattern, "", "", bad=[], good=[])
    passages = EXTRACTORS[extract](source)
    return sorted(each.line for passage in passages for each in rule.findings_in(passage))


@pytest.mark.parametrize(("rule", "text"), BAD, ids=name_of)
def test_a_rule_reports_its_bad_examples(rule: Rule, text: str) -> None:
    assert list(rule.findings_in(Passage(1, text)))


@pytest.mark.parametrize(("rule", "text"), GOOD, ids=name_of)
def test_a_rule_does_not_report_its_good_examples(rule: Rule, text: str) -> None:
    passages = list(EXTRACTORS["markdown"](text))

    assert [found for each in passages for found in rule.findings_in(each)] == []


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_suggestion_breaks_no_rule(rule: Rule) -> None:
    passage = Passage(1, f"Use: {rule.suggestion}")

    assert [each.rule.name for each in CONFIGURATION.findings_in(passage)] == []


def test_each_rule_has_a_name_of_its_own_and_examples_of_both_kinds() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert [rule.name for rule in RULES if not (rule.bad and rule.good)] == []


@pytest.mark.parametrize("source", CONFIGURATION.sources, ids=lambda source: source.extract)
def test_each_source_finds_files(source: Source) -> None:
    assert source.files(REPOSITORY)


def test_docstrings_of_every_kind_and_comments_are_checked() -> None:
    source = '''\
"""Module.

Whoever.
"""

SIZE = 1
"""Whoever."""

class A:
    """Whoever."""

    async def f(self):
        """Whoever."""
        return SIZE  # whoever
'''

    assert lines_found("docstrings", source) == [3, 7, 10, 13, 14]


def test_names_strings_and_code_in_backticks_are_not_docstrings() -> None:
    source = '"""Call `whoever`."""\n\nwhoever = "Whoever signs in."\n'

    assert lines_found("docstrings", source) == []


def test_a_rule_matches_across_a_line_break() -> None:
    comment = "x = 1\n# The token is worth\n# nothing now.\n"
    docstring = '"""The token is worth\n\tnothing now."""\n'

    assert lines_found("docstrings", comment, "worth nothing") == [2]
    assert lines_found("docstrings", docstring, "worth nothing") == [1]


def test_comments_that_do_not_belong_together_are_not_joined() -> None:
    source = "x = 1  # worth\n# nothing\n\n# worth\n\n# nothing\n"

    assert lines_found("docstrings", source, "worth|nothing") == [1, 2, 4, 6]
    assert lines_found("docstrings", source, "worth nothing") == []


def test_strings_are_checked_unless_they_are_names() -> None:
    source = '''\
parser.add_argument("--user", help="print whoever it is")
raise Refused(f"{user} is whoever signed in")
NAME = "whoever"
text = (
    "one sentence in two strings, "
    "for whoever reads it"
)
def f():
    """Whoever is a docstring here."""
    return f"{_('whoever it is')} x"
'''

    assert lines_found("strings", source) == [1, 2, 5, 10]


def test_markdown_is_checked_without_its_code_and_link_targets() -> None:
    source = """\
# Whoever

    whoever in indented code

1. A list
   of whoever and [whoever](whoever.md)

| who | what |
|---|---|
| whoever | `whoever` |

```
whoever
```
"""

    assert lines_found("markdown", source) == [1, 6, 6, 10]


def test_templates_are_checked_in_their_texts_and_comments() -> None:
    source = """\
{# Whoever. #}
<p class="whoever">{% trans %}Hello{% endtrans %}</p>
<a title="{{ _("Whoever") }}" href="/whoever">{% if whoever %}{% endif %}</a>
<p>{% trans whoever=name %}<b class="whoever">
For whoever it is, {{ whoever }}.{% endtrans %}</p>
{{ ngettext("%(num)s day", "%(num)s days of whoever", days) }}
"""

    assert lines_found("templates", source) == [1, 3, 5, 6]


def test_excluded_files_are_not_checked(tmp_path: Path) -> None:
    for name in ("a.md", "glossary.md"):
        (tmp_path / name).write_text("Hello.\n\nWhoever.\n")
    source = Source("markdown", paths=["*.md"], excluded=("glossary.md",))
    rule = Rule("w", r"\bwhoever\b", "whoever", "anyone who", bad=[], good=[])

    findings = Configuration([source], [rule]).check(tmp_path)

    assert findings == ["a.md:3: whoever (anyone who) [w]"]


@pytest.mark.parametrize(
    "content",
    [
        "rules = []\n[[sources]]\nextract = 'markdown'\npaths = []\nexclude = []\n",
        "sources = []\n[[rules]]\nname = 'r'\npattern = 'x'\nmessage = 'x'\nsuggestion = 'y'\n",
    ],
    ids=["unknown key", "missing key"],
)
def test_a_mistake_in_the_rule_file_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "rules.toml").write_text(content)

    with pytest.raises(TypeError):
        load(tmp_path / "rules.toml")


def test_make_check_runs_both_linters() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    recipe = makefile.partition("\ncheck:")[2].partition("\n\n")[0]

    assert "/codespell $(PROSE)" in recipe
    assert "-m tools.prose" in recipe


def test_codespell_finds_a_misspelling_in_prose(tmp_path: Path) -> None:
    misspelling = "rec" + "ieve"
    (tmp_path / "a.md").write_text(f"Clients {misspelling} tokens.\n")
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(REPOSITORY / "pyproject.toml")]

    found = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)

    assert found.returncode != 0
    assert misspelling in found.stdout
