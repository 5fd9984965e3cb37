"""`make security-report` says of a row what its tests say."""

from collections import Counter

import pytest

from tests.security import report
from tests.security.report import FAILED, LATER_WORK, MISSING, PASSED, print_summary, table

ONE, TWO = "tests/api/test_paths.py::test_one", "tests/api/test_paths.py::test_two"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({ONE: Counter(passed=3), TWO: Counter(passed=1)}, PASSED),
        ({ONE: Counter(passed=3), TWO: Counter(passed=1, skipped=2)}, PASSED),
        ({ONE: Counter(passed=3, failed=1), TWO: Counter(passed=1)}, FAILED),
        ({ONE: Counter(passed=3)}, FAILED),  # the other did not run at all
        ({ONE: Counter(skipped=1), TWO: Counter(skipped=1)}, MISSING),
    ],
)
def test_a_row_passes_only_if_its_tests_pass(
    outcomes: dict[str, Counter[str]], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table([9], {9: {ONE, TWO}}, outcomes)

    assert [line.outcome for line in lines] == [expected]
    assert print_summary(lines) == (0 if expected == PASSED else 1)
    assert expected in capsys.readouterr().out


def test_a_row_without_a_test_is_missing_unless_it_is_later_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LATER", {40})

    missing, later = table([9], {}, {}), table([40], {}, {})

    assert [line.outcome for line in missing + later] == [MISSING, LATER_WORK]
    assert print_summary(missing) == 1
    assert print_summary(later) == 0
