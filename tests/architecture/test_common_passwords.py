"""`common_passwords.txt` is what `make common-passwords` writes from the package zxcvbn."""

from app.security.passwords import is_common
from tools.common_passwords import LIST, text


def test_the_list_is_what_the_tool_writes() -> None:
    assert LIST.read_text(encoding="utf-8") == text(), "run `make common-passwords`"


def test_comment_lines_are_not_passwords() -> None:
    comments = [line for line in text().splitlines() if line.startswith("#")]

    assert any("MIT License" in comment for comment in comments)
    assert not any(is_common(comment) for comment in comments)
