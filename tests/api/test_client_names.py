"""Names of clients, which users read on the consent page (SECURITY_BAR rows 31 and 44)."""

import json
from typing import Any

import httpx
import pytest

from tests.support.application import Application

DATABASES = ["sqlite"]
DOORS = ("/register", "/create_client")
GOOD = [
    "UserApp",
    "Zoë\u2019s Notes",
    "kaho\u02bbolawe",
    "Марʼяна",
    "日本語 アプリ",
    "می‌خواهم",  # a ZWNJ between letters
    "ක්‍රීඩා",  # a ZWJ after a virama
    "👩‍💻 Tools",
    "👩‍❤️‍👨",
    "❤️ App",
    "1️⃣ App",
    "🇩🇪 App",
    "e\u0301cole",
    "©️ App",
]
BAD = [
    "Goo\u200bgle",
    "Goo\u2060gle",
    "\ufeffGoogle",
    "Goo\u00adgle",
    "Google\u200d",
    "\u200cGoogle",
    "Goo \u200d gle",
    "Goo\u200d\u200dgle",
    "App1\ufe0f",
    "Google\ufe0f",
    "Goo\u034fgle",
    "Google\u115f",
    "Google\u3164",
    "Google\U000e0041",
    "Google\u2800",
    "\u202egle",
    "Goo\u061cgle",
    "Goo\u200fgle",
    "Goo\u2066gle",
    "Goo\u0085gle",
    "Goo\u2028gle",
    "Goo\ufff9gle",
    " ",
    "\u3000",
    "\u3164",
    "\u0301Google",
    "G" + "\u0301" * 5,
]


async def register(app: Application, door: str, **members: Any) -> httpx.Response:
    body = {"client_name": app.new_name(), "redirect_uris": ["https://app.example.com/cb"]}
    return await app.http.post(
        door,
        content=json.dumps({**body, **members}),
        headers={"content-type": "application/json"},
    )


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", GOOD, ids=ascii)
async def test_valid_client_names_are_accepted(app: Application, door: str, name: str) -> None:
    unique = f"{name} {door}"

    answer = await register(app, door, client_name=unique, **{"client_name#de": name})

    assert answer.status_code == 201, answer.text
    assert [answer.json()[each] for each in ("client_name", "client_name#de")] == [unique, name]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", BAD, ids=ascii)
async def test_client_names_with_invisible_or_confusing_characters_are_refused(
    app: Application, door: str, name: str
) -> None:
    """What cannot be seen makes one name look like another"""
    for member in ("client_name", "client_name#de"):
        answer = await register(app, door, **{member: name})

        assert answer.status_code == (400 if door == "/register" else 422), answer.text


async def test_the_error_says_how_to_fix_the_name(app: Application) -> None:
    answer = await register(app, "/register", client_name="Goo\u200bgle")

    assert answer.json() == {
        "error": "invalid_client_metadata",
        "error_description": (
            "client_name: must not contain control characters, invisible characters, or "
            "characters that change the text direction"
        ),
    }
