"""`postern demo`: the whole quick start, shown step by step."""

from pathlib import Path

from tests.cli.conftest import Postern
from tests.cli.processes import run, serving
from tests.cli.terminal import qr_text_in

STEPS = [
    "POST /register_user -> 201",
    "POST /verify_otp -> 200",
    "POST /create_client -> 201",
    "POST /token -> 200",
    "POST /token -> 200",
    "POST /token -> 200",
    "GET /profile -> 200",
    "GET /profile -> 200",
]


def steps_in(output: str) -> list[str]:
    return [line.rpartition(": ")[2] for line in output.splitlines() if " -> " in line]


async def test_it_walks_the_quick_start_and_ends_with_a_profile(postern: Postern) -> None:
    result = await postern("demo")

    assert result.code == 0, result.errors
    assert steps_in(result.output) == STEPS
    assert qr_text_in(result.output) in result.output.splitlines()
    assert "type: client" in result.output
    assert "type: user" in result.output
    assert "otp_verified: True" in result.output


async def test_it_can_be_walked_again_on_the_same_database(postern: Postern) -> None:
    first, second = await postern("demo"), await postern("demo")

    assert (first.code, second.code) == (0, 0)


def test_it_walks_on_a_running_server_too(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        result = run(tmp_path, "demo", "--url", server.url)

    assert result.returncode == 0, result.stderr
    assert steps_in(result.stdout) == STEPS
    assert "Traceback" not in result.stderr


async def test_it_works_where_every_sign_in_wants_a_code(postern: Postern) -> None:
    """CONTRACT: OTP_POLICY=every_login"""
    result = await postern("demo", OTP_POLICY="every_login")

    assert result.code == 0, result.errors
