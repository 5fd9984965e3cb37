"""One person, one name: case, width and composition make no difference (RFC 8265)."""

import secrets
import unicodedata
from urllib.parse import quote

import httpx
import pytest

from tests.support.application import PASSWORD, Application, TestClient
from tests.support.assertions import assert_problem
from tests.support.people import rename

pytestmark = pytest.mark.both_databases


async def register(app: Application, username: str) -> httpx.Response:
    return await app.http.post("/register_user", json={"username": username, "password": PASSWORD})


def new_digits() -> str:
    return str(secrets.randbelow(10**9))


def widened(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@pytest.mark.parametrize(
    ("name", "same_name"),
    [
        ("Alice", "alice"),
        ("alice", "ALICE"),
        ("alice", widened("ALICE")),
        (widened("Alice"), "alice"),
        ("zo\u00eb", "zoe\u0308"),
        ("ZOE\u0308", "zo\u00eb"),
        ("\u0416\u0430\u043d\u043d\u0430", "\u0436\u0430\u043d\u043d\u0430"),
        ("\u03a3\u03c9\u03ba\u03c1\u03ac", "\u03c3\u03c9\u03ba\u03c1\u03ac"),
        ("\u212a", "k"),
        ("Stra\u1e9ee", "stra\u00dfe"),
        ("\uff76\uff85", "\u30ab\u30ca"),
    ],
)
async def test_spellings_of_one_name_are_one_account(
    app: Application, client: TestClient, name: str, same_name: str
) -> None:
    """SECURITY_BAR row 21; RFC 8265 section 3.3"""
    digits = new_digits()
    user = await app.enrolled_user(name + digits)

    taken = await register(app, same_name + digits)
    signed_in = await app.token(
        client, grant_type="password", username=same_name + digits, password=PASSWORD
    )
    profile = await app.profile(signed_in.json()["access_token"])

    assert_problem(taken, 409, "username_taken")
    assert profile.json()["username"] == unicodedata.normalize("NFC", user.username)


@pytest.mark.parametrize(
    "name",
    [
        "o'neil", "a.b-c_d+e", "user@example.com", "';DROP--", "%s%n", "${x}", "<b>", "a:b", "a/b",
        "a?b#c", "..", "null", "0",
        "\u5b89\u5016\u7f8e", "\u30e9\u30fc\u30e1\u30f3", "\u6f22\u5b57\u304b\u306a",
        "\ud55c\uae00", "\u0639\u0644\u064a", "\u05d3\u05d5\u05d3", "\u0e2a\u0e21",
    ],
)  # fmt: skip
async def test_a_name_may_have_letters_digits_and_punctuation(app: Application, name: str) -> None:
    """SECURITY_BAR rows 21 and 44"""
    first = await register(app, name)
    again = await register(app, name)

    assert first.status_code == 201, first.text
    assert_problem(again, 409, "username_taken")


@pytest.mark.parametrize("name", ["\u4f50\u3005\u6728", "\u9ce5\u8d8a\u3005"])
async def test_an_iteration_mark_is_allowed_with_the_characters_it_repeats(
    app: Application, name: str
) -> None:
    """UTS 39 section 5.1: characters of the script Common go with every script"""
    assert (await register(app, name)).status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a b", "a\u00a0b", "a\u3000b", "a\tb", "a\nb", "a\r\nb",
        "a\x00b", "\x00", "a\x1bb", "a\x7fb", "a\u0085b", "a\u200bb", "a\u200db", "\ufeffalice",
        "\u202ealice", "a\u2028b", "a\u2066b", "\u00adalice", "\U000e0041", "\ufffe", "\U0001f600",
        "\ufb01ne", "a" * 65, "\u00e9" * 65, "a" * 10_000, "\u05d0a",
    ],
)  # fmt: skip
async def test_an_invalid_name_is_422_with_an_explanation(app: Application, name: str) -> None:
    """SECURITY_BAR row 21"""
    answer = await register(app, name)

    assert_problem(answer, 422, "invalid_username")
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "name",
    [
        "p\u0430ypal", "\u0440\u0430ypal", "adm\u0456n", "\u03b1dmin", "g\u043e\u043egle",
        "\u0430\u03b1", "\u13a0a", "\u043c\u5b89", "a\u0967", "a\u093f", "\u3105\u3042",
        "\ud55c\u3042",
    ],
)  # fmt: skip
async def test_letters_of_mixed_scripts_are_refused(app: Application, name: str) -> None:
    """SECURITY_BAR row 21; UTS 39 section 5"""
    answer = await register(app, name)

    assert_problem(answer, 422, "invalid_username")
    assert "script" in answer.json()["detail"]


async def test_a_name_has_at_most_64_characters(app: Application) -> None:
    """SECURITY_BAR row 21"""
    digits = new_digits()
    name = digits + "a" * (64 - len(digits))

    assert (await register(app, name)).status_code == 201
    assert (await register(app, name + "a")).status_code == 422


@pytest.mark.parametrize("letter", ["\ufb2c", "\u0130", "\u0958", "\U0001d15e"])
async def test_a_long_name_that_grows_when_composed_is_stored_or_refused_cleanly(
    app: Application, letter: str
) -> None:
    """SECURITY_BAR rows 21 and 44: never "taken" where nobody has it"""
    answer = await register(app, letter * 64)

    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 201:
        assert (await register(app, letter * 64)).status_code == 409


@pytest.mark.parametrize(
    "name",
    [
        "kaho\u02bbolawe", "\u041c\u0430\u0440\u02bc\u044f\u043d\u0430", "alice\u5c71\u7530",
        "\u5c71\u7530\u3072\u30cd-a", "kim\uae40", "\u97d3\uae40a", "\u674e\u3105a",
        "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f", "\u0117\u0301", "m\u0303",
        "\u0130smail", "\u0928\u092e\u0938\u094d\u0924\u0947", "Tr\u1ea7n", "\u0457",
    ],
)  # fmt: skip
async def test_names_of_real_languages_are_accepted(app: Application, name: str) -> None:
    """UTS 39 section 5.2, "Highly Restrictive", with the apostrophes U+02BB and U+02BC as Common"""
    name += new_digits()

    user = await app.enrolled_user(name)

    assert user.username == name


@pytest.mark.parametrize(
    "name",
    [
        "mi\u0307a", "mI\u0325a", "j\u0307", "l\u0307",
        "\u0131\u0307", "e\u0301\u0301", "x\u0301\u0302",
        "a\u0336b", "a\u0338b", "1\u0301", "\u0301a", "\u0456\u0300",
    ],
)  # fmt: skip
async def test_easily_overlooked_marks_are_refused(app: Application, name: str) -> None:
    """UTS 39 section 5.4: one mark a letter, none on i, j and l, and no overlays"""
    answer = await register(app, name)

    assert_problem(answer, 422, "invalid_username")
    assert "accent" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["\u0915\u094d\u200d\u0937", "\u0915\u094d\u200c\u0937"])
async def test_joiners_are_refused_even_where_rfc_8265_allows_them(
    app: Application, name: str
) -> None:
    """RFC 5892 appendix A lets them pass after a virama, where they can hardly be seen"""
    assert_problem(await register(app, name), 422, "invalid_username")


async def test_a_new_name_is_trimmed_and_composed(
    app: Application,
) -> None:
    name = app.new_name("zoe")

    answer = await register(app, f" \u00a0{name}e\u0301\n")

    assert answer.status_code == 201, answer.text
    assert f":{quote(name)}%C3%A9?" in answer.json()["otp_uri"]


@pytest.mark.parametrize(
    "odd", ["p\u0430ypal", "mi\u0307a", "\u0915\u094d\u200d\u0937", "x\u0301\u0302"]
)
async def test_an_account_with_a_name_that_is_no_longer_allowed_can_sign_in(
    app: Application, client: TestClient, odd: str
) -> None:
    """Look-up keys stay as they were: the rules hold for new names only."""
    user = await app.enrolled_user()
    name = odd + new_digits()
    await rename(app, user, name)

    answer = await app.token(client, grant_type="password", username=name, password=PASSWORD)

    assert answer.status_code == 200, answer.text
    assert_problem(await register(app, name), 422, "invalid_username")
