"""`postern users import …`: all or nothing, every problem with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.details import Detail
from app.errors import DatabaseUnavailableError
from app.repositories.accounts.imports import UserImportRepository
from app.security.tokens import new_identifier
from app.services.accounts.imports.users import BATCH, UserImport
from tests.cli.conftest import ImportText, Postern
from tests.cli.user_files import json_lines, messages_in, names_of_users
from tests.support.account import stored
from tests.support.administration import new_group
from tests.support.application import Application, TestClient, TestUser
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.people import ALL_SCOPES, access_token, told

pytestmark = pytest.mark.both_databases

PASSWORD = "Zoë's passphrase"
HASH = "pbkdf2_sha256$1000$saltsaltsalt12$UOd6FYubAGnuNrOHsYEW3aPJ7Y9o8yH5viKE79/RtpQ="
"""Of PASSWORD, by Django; see foreign_hashes.toml."""
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def test_a_csv_file_is_imported_with_claims_password_and_authenticator_app(
    app: Application, import_text: ImportText
) -> None:
    name = app.new_name("Zoë")
    text = (
        "username,name,email,email_verified,phone_number,address,password_hash,otp_secret\r\n"
        f'{name},"Example, ""Zoë""",Zoë@Bücher.example,TRUE,\'+43 1 234567,'
        f'"{{""country"": ""Austria""}}",{HASH},{SECRET.lower()}\r\n'
    )

    result = await import_text("\ufeff" + text)

    assert (result.code, result.output) == (0, "Imported 1 user.\n"), result.errors
    user = TestUser(name, PASSWORD, SECRET)
    client = await app.create_client(scope=ALL_SCOPES)
    claims = await told(app, await access_token(app, client, user, ALL_SCOPES))
    assert {
        "name": 'Example, "Zoë"',
        "email": "Zoë@xn--bcher-kva.example",
        "email_verified": True,
        "phone_number": "+43 1 234567",
        "phone_number_verified": False,
        "address": {"country": "Austria"},
        "preferred_username": name,
    }.items() <= claims.items()


async def test_json_lines_are_imported_with_a_credential_of_keycloak(
    app: Application, import_text: ImportText, client: TestClient
) -> None:
    row = {
        "username": app.new_name(),
        "email": None,
        "given_name": "",
        "address": {"country": "Austria"},
        "password_hash": {
            "type": "password",
            "credentialData": '{"hashIterations": 1000, "algorithm": "pbkdf2-sha256"}',
            "secretData": {
                "value": "i43XUTEechQO0BGs+T7eAemtbpqwnofHcGUR02WgExCNPlbyd7aBa2B9s3da/eBm2xZ3C4qcS"
                "L1LVKV3MLm92Q==",
                "salt": "c2FsdHNhbHRzYWx0c2FsdA==",
            },
        },
        "otp_secret": SECRET,
    }

    result = await import_text("\n" + json_lines(row), "--json", name="users.jsonl")

    assert result.code == 0, result.errors
    assert json.loads(result.output) == {"users": 1, "already_imported": 0, "dry_run": False}
    user = TestUser(row["username"], PASSWORD, SECRET)
    assert json.loads((await stored(app, user)).claims) == {"address": {"country": "Austria"}}
    assert (await app.password_grant(client, user)).status_code == 200


@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
async def test_users_join_groups_that_exist(
    app: Application, import_text: ImportText, name: str
) -> None:
    first, second = await new_group(app), await new_group(app, name=f"Ops; {app.new_name()}")
    names = [first.name.upper(), second.name]
    row = {"username": app.new_name(), "groups": names}
    text = json_lines(row)
    if name == "users.csv":
        cell = json.dumps(names).replace('"', '""')
        text = f'username,groups\n{row["username"]},"{cell}"\n{app.new_name()}, {first.name} ;\n'

    result = await import_text(text, name=name)

    assert result.code == 0, result.errors
    groups = services_of(app).accounts.groups
    user = await stored(app, TestUser(row["username"], "", ""))
    joined = await groups.groups_of(user.user_id)
    assert {group.name for group, _ in joined} == {first.name, second.name}
    assert {membership.source for _, membership in joined} == {"manual"}
    assert len(await groups.members(first.group_id)) == (2 if name == "users.csv" else 1)


async def test_imported_users_can_be_searched(app: Application, import_text: ImportText) -> None:
    word = app.new_name("Zoë")

    await import_text(f"username,name\n{app.new_name()},Ms {word} Example\n")

    found = await services_of(app).accounts.user_search.find(word[:-2])
    assert [user.claim_values["name"] for user, _ in found] == [f"Ms {word} Example"]


async def test_five_hundred_users_are_imported(app: Application, import_text: ImportText) -> None:
    names = [app.new_name() for _ in range(500)]

    result = await import_text("username\n" + "\n".join(names))

    assert (result.code, result.output) == (0, "Imported 500 users.\n"), result.errors
    for name in (names[0], names[BATCH - 1], names[BATCH], names[-1]):
        assert (await stored(app, TestUser(name, "", ""))).username == name


async def test_a_dry_run_stores_nothing(
    app: Application, import_text: ImportText, postern: Postern
) -> None:
    name = app.new_name()

    result = await import_text(f"username\n{name}\n", "--dry-run")

    assert (result.code, result.output) == (0, "Would import 1 user.\n")
    assert name not in await names_of_users(app, postern)


async def test_an_import_can_be_repeated(
    app: Application, import_text: ImportText, client: TestClient
) -> None:
    """After one that was killed, for example"""
    user = TestUser(app.new_name(), PASSWORD, SECRET)
    text = f"username,password_hash,otp_secret\n{user.username},{HASH},{SECRET}\n"
    await import_text(text)

    again = await import_text(text + f"{app.new_name()},,\n")

    assert again.code == 0
    assert again.output == "Imported 1 user.\n1 user had been imported before.\n"
    assert (await app.password_grant(client, user)).status_code == 200

    after_sign_in = await import_text(text)  # with another hash now

    assert after_sign_in.code == 1
    assert "line 2: username: is taken by another account" in messages_in(after_sign_in)


async def test_a_repeated_import_refuses_a_user_who_is_to_be_disabled_now(
    app: Application, import_text: ImportText
) -> None:
    """Not skipped as unchanged: the user would still be able to sign in"""
    name = app.new_name()
    await import_text(f"username,disabled\n{name},\n")

    result = await import_text(f"username,disabled\n{name},true\n")

    assert result.code == 1
    assert "line 2: username: is taken by another account" in messages_in(result)


async def test_a_repeated_import_skips_a_user_who_was_imported_disabled(
    app: Application, import_text: ImportText
) -> None:
    text = f"username,disabled\n{app.new_name()},true\n"
    await import_text(text)

    again = await import_text(text)

    assert again.code == 0
    assert again.output == "Imported 0 users.\n1 user had been imported before.\n"


async def test_a_failure_leaves_no_user_behind(
    app: Application,
    import_text: ImportText,
    postern: Postern,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [app.new_name() for _ in range(BATCH + 1)]
    add_all = UserImportRepository.add_all

    async def taken_meanwhile(
        self: UserImportRepository, users: Any, *others: Any, **named: Any
    ) -> bool:
        if len(users) == 1:  # the second batch
            same = [user._replace(user_id=new_identifier()) for user in users]
            await add_all(self, same, [], is_full=True, events=[new_event()])
        return await add_all(self, users, *others, **named)

    monkeypatch.setattr(UserImportRepository, "add_all", taken_meanwhile)

    result = await import_text("username\n" + "\n".join(names))

    assert result.code == 1
    assert messages_in(result) == [f"postern: {Detail.IMPORT_OVERTAKEN}"]
    assert not set(names[:BATCH]) & await names_of_users(app, postern)


async def test_a_file_that_is_shorter_when_it_is_stored_leaves_no_user_behind(
    app: Application,
    import_text: ImportText,
    postern: Postern,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [app.new_name() for _ in range(3)]
    store = UserImport.store

    async def shortened(self: UserImport, *arguments: Any, **named: Any) -> None:
        (tmp_path / "users.csv").write_text("username\n" + "\n".join(names[:-1]))
        await store(self, *arguments, **named)

    monkeypatch.setattr(UserImport, "store", shortened)

    result = await import_text("username\n" + "\n".join(names))

    assert (result.code, result.output) == (1, "")
    assert messages_in(result) == [f"postern: {Detail.IMPORT_OVERTAKEN}"]
    assert not set(names) & await names_of_users(app, postern)


async def test_a_failure_that_leaves_users_behind_says_so(
    app: Application, import_text: ImportText, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "username\n" + "\n".join(app.new_name() for _ in range(BATCH + 1))
    add_all = UserImportRepository.add_all

    async def lost(self: UserImportRepository, users: Any, *others: Any, **named: Any) -> bool:
        if len(users) == 1:
            raise DatabaseUnavailableError
        return await add_all(self, users, *others, **named)

    async def still_lost(self: UserImportRepository, events: Any) -> None:
        raise DatabaseUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(UserImportRepository, "add_all", lost)
        patch.setattr(UserImportRepository, "delete_all", still_lost)
        result = await import_text(text)
    again = await import_text(text)

    assert result.code == 1
    assert messages_in(result) == [f"postern: {Detail.IMPORT_NOT_UNDONE}"]
    assert again.output == f"Imported 1 user.\n{BATCH} users had been imported before.\n"


async def test_an_import_is_audited_under_the_operator(
    app: Application, import_text: ImportText, postern: Postern
) -> None:
    name = app.new_name()
    await import_text(f"username,password_hash\n{name},{HASH}\n")

    url = app.settings.database_url
    listed = await postern("audit", "list", "--user", name, "--json", DATABASE_URL=url)

    (event,) = json.loads(listed.output)
    assert event["action"] == "user.imported"
    assert event["actor"].startswith("operator:")
    assert event["details"]["after"] == {
        "username": name,
        "claims": [],
        "groups": [],
        "roles": [],
        "attributes": {},
        "has_password": True,
        "has_otp": False,
        "disabled": False,
    }


async def test_imported_users_are_not_deleted_as_unconfirmed(
    app: Application, import_text: ImportText
) -> None:
    """Unlike those who registered themselves"""
    name = app.new_name()
    await import_text(f"username\n{name}\n")
    app.clock.advance(seconds=100 * 86_400)

    await services_of(app).operations.housekeeping.run_once()

    assert (await stored(app, TestUser(name, "", ""))).username == name
