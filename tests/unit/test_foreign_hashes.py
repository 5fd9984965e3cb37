"""Password hashes of other systems: recognised, stored in one form, verified, and bounded."""

import hashlib
import json
import tomllib
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.accounts.users import users
from app.security.foreign_hashes import ForeignHashError, normal_form, verify

RECORDED = tomllib.loads(Path(__file__).with_name("foreign_hashes.toml").read_text("utf-8"))
PASSWORD, VECTORS = RECORDED["password"], RECORDED["hashes"]


def of_keycloak(algorithm: str, value: str, iterations: float = 1000, **parameters: str) -> str:
    """A credential as in an exported realm, where both members are text."""
    data = {
        "hashIterations": iterations,
        "algorithm": algorithm,
        "additionalParameters": {name: [text] for name, text in parameters.items()},
    }
    secret = {"value": value, "salt": "c2FsdHNhbHRzYWx0c2FsdA==", "additionalParameters": {}}
    credential = {"credentialData": json.dumps(data), "secretData": json.dumps(secret)}
    return json.dumps({"type": "password", "createdDate": 1700000000000, **credential})


@pytest.mark.parametrize("name", VECTORS)
def test_each_format_verifies_its_password_only(name: str) -> None:
    stored = normal_form(VECTORS[name])

    assert verify(PASSWORD, stored) is True
    assert verify(PASSWORD + "x", stored) is False
    assert verify("", stored) is False


@pytest.mark.parametrize("name", VECTORS)
def test_the_normal_form_is_stable_and_fits_its_column(name: str) -> None:
    stored = normal_form(VECTORS[name])

    assert normal_form(stored) == stored
    assert len(stored) <= users.c.password_hash.type.length  # type: ignore[attr-defined]


def test_the_largest_parts_fit_the_column() -> None:
    longest = f"pbkdf2:sha512:2000000${'s' * 64}${'0' * 128}"

    assert len(normal_form(longest)) <= users.c.password_hash.type.length  # type: ignore[attr-defined]


def test_members_of_a_keycloak_credential_may_be_objects() -> None:
    credential = json.loads(VECTORS["keycloak pbkdf2-sha256"])
    for member in ("credentialData", "secretData"):
        credential[member] = json.loads(credential[member])

    stored = normal_form(json.dumps(credential))

    assert verify(PASSWORD, stored)


AT_THE_LIMIT = {
    "pbkdf2": VECTORS["django pbkdf2_sha256"].replace("$1000$", "$2000000$"),
    "werkzeug scrypt": VECTORS["werkzeug scrypt"].replace(":32768:", ":65536:"),
    "django scrypt": VECTORS["django scrypt"].replace("$1024$", "$65536$"),
    "scrypt lanes": VECTORS["werkzeug scrypt"].replace(":32768:8:1", ":2:32768:16"),
    "bcrypt": VECTORS["bcrypt 2b"].replace("$04$", "$14$"),
    "argon2 memory": VECTORS["argon2id"].replace("m=64,", "m=65536,"),
    "argon2 passes": VECTORS["argon2id"].replace("t=2,", "t=10,"),
}
ABOVE_THE_LIMIT = {
    "pbkdf2": VECTORS["django pbkdf2_sha256"].replace("$1000$", "$2000001$"),
    "keycloak pbkdf2": of_keycloak("pbkdf2-sha512", "A" * 86 + "==", 2_000_001),
    "passlib pbkdf2": VECTORS["passlib pbkdf2-sha512"].replace("$1000$", "$2000001$"),
    "werkzeug scrypt": VECTORS["werkzeug scrypt"].replace(":32768:", ":131072:"),
    "django scrypt": VECTORS["django scrypt"].replace("$1024$", "$131072$"),
    "passlib scrypt": VECTORS["passlib scrypt"].replace("ln=10,", "ln=9999999999,"),
    "scrypt memory of the lanes": VECTORS["werkzeug scrypt"].replace(":32768:8:1", ":2:32769:16"),
    "scrypt lanes": VECTORS["werkzeug scrypt"].replace(":8:1$", ":8:17$"),
    "bcrypt": VECTORS["bcrypt 2b"].replace("$04$", "$15$"),
    "django bcrypt": VECTORS["django bcrypt_sha256"].replace("$04$", "$31$"),
    "argon2 memory": VECTORS["argon2id"].replace("m=64,", "m=65537,"),
    "argon2 passes": VECTORS["argon2i"].replace("t=2,", "t=11,"),
    "argon2 lanes": VECTORS["argon2id"].replace("m=64,t=2,p=1", "m=1024,t=2,p=17"),
    "django argon2 by default": VECTORS["django argon2"].replace("m=1024,", "m=102400,"),
}


@pytest.mark.parametrize("text", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_a_hash_at_a_limit_is_accepted(text: str) -> None:
    assert normal_form(text)


def test_a_hash_with_all_the_memory_that_is_allowed_is_verified() -> None:
    memory = 128 * 1024 * 1024
    derived = hashlib.scrypt(b"a password", salt=b"salt", n=65536, r=8, p=1, maxmem=memory).hex()

    assert verify("a password", normal_form(f"scrypt:65536:8:1$salt${derived}")) is True


@pytest.mark.parametrize("text", ABOVE_THE_LIMIT.values(), ids=ABOVE_THE_LIMIT)
def test_a_hash_that_costs_more_than_a_limit_is_refused(text: str) -> None:
    """SECURITY_BAR row 11: no CPU burn"""
    with pytest.raises(ForeignHashError, match="costs too much to verify"):
        normal_form(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$saltsalt$qjXMvbEw8oaL.CzflDugX/",
        "$2x$04$eAzVYTEWBymKth6CawvodONjqK08xNoI0HL7lpaY4jKvFRv..LXEu",
        "$2b$03$eAzVYTEWBymKth6CawvodONjqK08xNoI0HL7lpaY4jKvFRv..LXEu",
        "$2b$04$eAzVYTEWBymKth6CawvodPNjqK08xNoI0HL7lpaY4jKvFRv..LXEu",  # salt with a bit too many
        "$2b$04$eAzVYTEWBymKth6CawvodONjqK08xNoI0HL7lpaY4jKvFRv..LXE",
        "$argon2d$v=19$m=64,t=2,p=1$B4CVqfqAJcejKZOLQRseyA$FEEaLYfCeqp5qrWUu5FDSNETzdPNBRDyKzdDefAe",
        "$argon2id$v=19$m=7,t=2,p=1$y+F5AmKUIRGcPVcoD1tXEw$U7iwHQtGFyibQyq3g0p6PGWVOuo83eG75fuFZ23",
        "$argon2id$v=19$m=64,t=0,p=1$y+F5AmKUIRGcPVcoD1tXEw$U7iwHQtGFyibQyq3g0p6PGWVOuo83eG75fuFZ2",
        "$argon2id$v=19$m=64,t=2,p=1$c2FsdA$U7iwHQtGFyibQyq3g0p6PGWVOuo83eG75fuFZ23VQx4",
        "scrypt:32767:8:1$saltsalt$" + "00" * 32,
        "scrypt:1:8:1$saltsalt$" + "00" * 32,
        "scrypt:32768:8$saltsalt$" + "00" * 32,
        "pbkdf2:md5:1000$saltsalt$" + "00" * 16,
        "pbkdf2:sha256:0$saltsalt$" + "00" * 32,
        "pbkdf2:sha256:1000$$" + "00" * 32,
        "pbkdf2:sha256:1000$saltsalt$",
        "pbkdf2:sha256:1000$saltsalt$000",
        "pbkdf2:sha256:\uff11000$saltsalt$" + "00" * 32,
        "pbkdf2:sha256:1000$" + "s" * 65 + "$" + "00" * 32,
        "pbkdf2:sha256:1000$saltsalt$" + "00" * 65,
        "pbkdf2:sha256:1000$saltsalt$" + "00" * 15,
        "$pbkdf2-sha256$1000$c2FsdA$A",
        "$pbkdf2-sha256$1000$c2FsdA$" + "A" * 3000,
        "{",
        "{}",
        "[]",
        '{"credentialData": 1, "secretData": 2}',
        of_keycloak("pbkdf2-sha256", "not base64!"),
        of_keycloak("pbkdf2-sha256", "A" * 86 + "==", 0),
        of_keycloak("bcrypt", "A" * 86 + "=="),
        of_keycloak("argon2", "A" * 86 + "==", 2),
        of_keycloak(
            "argon2", "A" * 43 + "=", 2, type="d", version="1.3", memory="64", parallelism="1"
        ),
        of_keycloak(
            "argon2", "A" * 43 + "=", 2, type="id", version="2", memory="64", parallelism="1"
        ),
        of_keycloak(
            "argon2", "A" * 43 + "=", 2, type="id", version="1.3", memory="x", parallelism="1"
        ),
        of_keycloak("pbkdf2-sha256", "A" * 86 + "==", float("inf")),
        of_keycloak("pbkdf2-sha256", "A" * 86 + "==", float("nan")),
        VECTORS["keycloak pbkdf2"].replace("1000,", "1e999,"),
        '{"credentialData": ' + "[" * 100_000,
    ],
)
def test_any_other_text_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ForeignHashError) as refused:
        normal_form(text)

    assert len(text) < 9 or text not in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    for candidate in (text, f"{{{text}", f"$argon2id${text}", f"scrypt:{text}"):
        try:
            normal_form(candidate)
        except ForeignHashError:
            continue


def test_bcrypt_refuses_a_password_longer_than_it_reads() -> None:
    """Every password that begins with the same 72 bytes would match the hash"""
    full, longer = "x" * 72, "x" * 73
    stored = normal_form(bcrypt.hashpw(full.encode(), bcrypt.gensalt(4)).decode())

    assert verify(full, stored) is True
    assert verify(longer, stored) is False
    assert verify(
        "ö" * 36, normal_form(bcrypt.hashpw(("ö" * 36).encode(), bcrypt.gensalt(4)).decode())
    )
    assert verify("ö" * 37, stored) is False


def test_bcrypt_refuses_a_password_with_a_nul() -> None:
    """Implementations in C read only what is before it"""
    stored = normal_form(bcrypt.hashpw(b"secret\0other", bcrypt.gensalt(4)).decode())

    assert verify("secret\0other", stored) is False
    assert verify("secret", stored) is False


def test_bcrypt_of_a_digest_verifies_a_long_password() -> None:
    long = "x" * 200
    digest = hashlib.sha256(long.encode()).hexdigest().encode()
    stored = normal_form("bcrypt_sha256$" + bcrypt.hashpw(digest, bcrypt.gensalt(4)).decode())

    assert verify(long, stored) is True
    assert verify(long + "x", stored) is False
