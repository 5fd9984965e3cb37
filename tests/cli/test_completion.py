"""Completion in a shell, as `postern --install-completion` sets it up."""

import pytest

from tests.cli.conftest import Postern


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        (
            "postern ",
            (
                "serve migrate demo users groups roles attributes sessions admin clients scopes"
                " resources mcp authorization-types issuers tokens policies settings keys audit"
                " mail webhooks refusals providers import plan apply export"
            ),
        ),
        (
            "postern users re",
            (
                "resend-invitation revoke-invitation reset-password reset-otp reset-factors"
                " remove-passkeys"
            ),
        ),
        (
            "postern users list --",
            "--search --group --not-signed-in-since --limit --odd-names --json --help",
        ),
        ("postern users set ada --phone", "--phone-number --phone-number-verified"),
        ("postern users set ada --unset add", "address"),
        ("postern clients trust id ", "none verified first_party"),
        ("postern keys rotate --algorithm E", "ES256 EdDSA"),
        ("postern serve --", "--host --port --workers --https --help"),
    ],
)
async def test_words_are_completed(postern: Postern, line: str, completions: str) -> None:
    words = line.split()
    result = await postern(
        _POSTERN_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) if line.endswith(" ") else len(words) - 1),
    )

    assert result.code == 0
    assert sorted(result.output.split()) == sorted(completions.split())


async def test_the_script_for_a_shell_calls_postern(postern: Postern) -> None:
    result = await postern(_POSTERN_COMPLETE="source_bash")

    assert result.code == 0
    assert "complete -o default -F _postern_completion postern" in result.output
