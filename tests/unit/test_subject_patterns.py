"""Patterns of subjects: anchored, and a star stands for one whole segment."""

import pytest

from app.security.subject_patterns import is_covered, problem_with

BRANCHES = "repo:octo/app:ref:refs/heads/*"


@pytest.mark.parametrize(
    ("pattern", "subject", "covered"),
    [
        (BRANCHES, "repo:octo/app:ref:refs/heads/main", True),
        (BRANCHES, "repo:octo/app:ref:refs/heads/feature/x", False),
        (BRANCHES, "repo:octo/app:ref:refs/heads/", False),
        (BRANCHES, "repo:octo/app:ref:refs/tags/v1", False),
        (BRANCHES, "repo:octo/app:ref:refs/heads/main:more", False),
        (BRANCHES, "evil:repo:octo/app:ref:refs/heads/main", False),
        (BRANCHES, "repo:octo/app-of-evil:ref:refs/heads/main", False),
        ("repo:octo/*:environment:production", "repo:octo/app:environment:production", True),
        ("repo:octo/*:environment:production", "repo:octo/a/b:environment:production", False),
        ("repo:octo/*:environment:production", "repo:octo/a:b:environment:production", False),
        ("system:serviceaccount:shop:*", "system:serviceaccount:shop:cart", True),
        ("system:serviceaccount:shop:*", "system:serviceaccount:shopping:cart", False),
        ("a.c", "abc", False),
        ("a.c", "a.c\n", False),
        ("(a|b)", "a", False),
        ("x:*", f"x:{'y' * 500}", False),
    ],
)
def test_a_pattern_covers_the_whole_subject(pattern: str, subject: str, *, covered: bool) -> None:
    assert is_covered(subject, [pattern]) is covered


@pytest.mark.parametrize(
    "pattern", ["repo:octo/app-*:x", "repo:**:x", "*", "*:*", "*/", "a b", "ä:b", "a\n"]
)
def test_a_pattern_that_covers_anything_or_part_of_a_segment_is_refused(pattern: str) -> None:
    assert problem_with(pattern) is not None


@pytest.mark.parametrize("pattern", [BRANCHES, "113774152957", "spiffe://octo.example/*/cart"])
def test_other_patterns_are_accepted(pattern: str) -> None:
    assert problem_with(pattern) is None
