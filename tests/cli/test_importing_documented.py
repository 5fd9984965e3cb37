"""The scripts in docs/importing-users.md convert what other servers export."""

import asyncio
import base64
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.cli.conftest import ImportText
from tests.support.account import stored
from tests.support.application import Application, TestUser

DOCUMENT = (Path(__file__).parents[2] / "docs/importing-users.md").read_text(encoding="utf-8")
RAW_SECRET = "Qd8ZpL2mXv7RkTn4WbYs"


def script_under(heading: str) -> str:
    """The indented lines of a section."""
    section = DOCUMENT.partition(f"### {heading}\n")[2].partition("\n#")[0]
    block = re.search(r"^ {4}.*(?:\n(?: {4}.*)?)*", section, re.MULTILINE)
    assert block is not None
    return textwrap.dedent(block[0])


def output_of(script: str, text: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


async def test_users_of_a_keycloak_realm_sign_in_with_password_and_code(
    app: Application, import_text: ImportText
) -> None:
    names = [app.new_name(), app.new_name()]
    password = {
        "type": "password",
        "credentialData": '{"hashIterations": 1000, "algorithm": "pbkdf2-sha256"}',
        "secretData": json.dumps(
            {
                "value": "i43XUTEechQO0BGs+T7eAemtbpqwnofHcGUR02WgExCNPlbyd7aBa2B9s3da/eBm2xZ3C4qcS"
                "L1LVKV3MLm92Q==",
                "salt": "c2FsdHNhbHRzYWx0c2FsdA==",
            }
        ),
    }
    otp = {"type": "otp", "credentialData": "{}", "secretData": json.dumps({"value": RAW_SECRET})}
    realm = {
        "users": [
            {"username": names[0], "enabled": True, "credentials": [password, otp]},
            {"username": names[1], "enabled": False, "firstName": "Zoë"},
        ]
    }

    converted = await asyncio.to_thread(output_of, script_under("Keycloak"), json.dumps(realm))
    result = await import_text(converted, name="users.jsonl")

    assert result.output == "Imported 2 users.\n", result.errors
    secret = base64.b32encode(RAW_SECRET.encode()).decode()
    user = TestUser(names[0], "Zoë's passphrase", secret)
    client = await app.create_client()
    assert (await app.password_grant(client, user)).status_code == 200
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}
    other = await stored(app, TestUser(names[1], "", ""))
    assert other.is_disabled
    assert json.loads(other.claims) == {"given_name": "Zoë"}
