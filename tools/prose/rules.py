"""The rules and sources of `rules.toml`, and how files are checked against them."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.prose.passages import EXTRACTORS, Passage

REPOSITORY = Path(__file__).parents[2]
RULES_FILE = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True)
class Rule:
    name: str
    pattern: str
    message: str
    suggestion: str
    bad: list[str]
    """Examples that the rule reports."""

    good: list[str]
    """Similar examples that it does not report."""

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(self.pattern.replace(" ", r"\s+"), re.IGNORECASE)

    def findings_in(self, passage: Passage) -> Iterator["Finding"]:
        for match in self.expression.finditer(passage.text):
            start = match.end() - len(match[0].lstrip())
            yield Finding(passage.line + passage.text.count("\n", 0, start), self)


@dataclass(frozen=True)
class Source:
    """Files of one kind. All patterns are relative to the root of the repository."""

    extract: str
    paths: list[str]
    excluded: tuple[str, ...] = ()

    def files(self, root: Path) -> list[Path]:
        return sorted(_matching(root, self.paths) - _matching(root, self.excluded))


@dataclass(frozen=True)
class Finding:
    line: int
    rule: Rule


@dataclass(frozen=True)
class Configuration:
    sources: list[Source]
    rules: list[Rule]

    def check(self, root: Path = REPOSITORY) -> list[str]:
        """Return a line for each finding, in the order of files and lines."""
        found: set[tuple[str, int, str]] = set()
        for source in self.sources:
            for path in source.files(root):
                name = path.relative_to(root).as_posix()
                for passage in EXTRACTORS[source.extract](path.read_text(encoding="utf-8")):
                    for finding in self.findings_in(passage):
                        found.add((name, finding.line, _description(finding.rule)))
        return [f"{name}:{line}: {text}" for name, line, text in sorted(found)]

    def findings_in(self, passage: Passage) -> Iterator[Finding]:
        for rule in self.rules:
            yield from rule.findings_in(passage)


def load(path: Path = RULES_FILE) -> Configuration:
    """Read the rules; an unknown or missing key is a `TypeError`."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return Configuration(
        sources=[Source(**each) for each in content["sources"]],
        rules=[Rule(**each) for each in content["rules"]],
    )


def _description(rule: Rule) -> str:
    return f"{rule.message} ({rule.suggestion}) [{rule.name}]"


def _matching(root: Path, patterns: Iterable[str]) -> set[Path]:
    return {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
