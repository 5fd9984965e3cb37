"""The words of a command line: names, options and their order, help, and mistakes in usage."""

import importlib
import re
from pathlib import Path

import pytest

from app import __version__
from app.cli.commands import COMMANDS as NAMES
from tests.cli.conftest import Postern

CLAIM_OPTIONS = (
    "--name --given-name --family-name --middle-name --nickname --preferred-username --profile"
    " --picture --website --gender --birthdate --zoneinfo --locale --email --phone-number --address"
    " --unset --email-verified --phone-number-verified"
)
OF_INVITATION = " ".join(
    name
    for name in CLAIM_OPTIONS.split()
    if name not in ("--email", "--unset", "--email-verified", "--phone-number-verified")
)
OF_RESOURCE = (
    "--title --alias --scope --scope-json --translation --default-scope --implies --token-format"
    " --signing-alg --access-token-ttl --open-to-all-clients --listed-clients-only --requester"
    " --server --show-metadata --agents --allow-personal-tokens --personal-token-group"
)
OF_TYPE = "--translation --open-to-all-clients --listed-clients-only --client --resource"
COMMANDS = {
    "serve": "--host --port --workers --https",
    "migrate": "revision --yes-delete-data",
    "demo": "--url --browser --insecure",
    "users list": "--json --search --group --not-signed-in-since --limit --odd-names",
    "users show": "--json username",
    "users reset-otp": "--json username",
    "users remove-passkeys": "--json username",
    "users reset-password": "--json username --stdin --link --mail",
    "users reset-factors": "--json username",
    "users unlock": "--json username",
    "users mark-email-verified": "--json username",
    "users send-verification-email": "--json username",
    "users invite": f"--json email --username --group --role --link {OF_INVITATION}",
    "users resend-invitation": "--json username --link",
    "users revoke-invitation": "--json username",
    "users set": f"--json username {CLAIM_OPTIONS}",
    "users create": f"--json username --stdin {CLAIM_OPTIONS.replace(' --unset', '')}",
    "users sign-out": "--json username",
    "users set-attribute": "--json username name value",
    "users unset-attribute": "--json username name",
    "users disable": "--json username",
    "users enable": "--json username",
    "users delete": "--json username --yes",
    "users import": "--json file --format --dry-run",
    "users export": "--format --with-hashes",
    "groups list": "--json --search --limit",
    "groups show": "--json name",
    "groups create": "--json name --description --second-factor --attribute",
    "groups set": "--json name --name --description --second-factor --attribute --unset-attribute"
    " --reset",
    "groups delete": "--json name --yes",
    "groups members": "--json name --limit",
    "groups add-member": "--json name username",
    "groups remove-member": "--json name username",
    "roles list": "--json --client --limit",
    "roles show": "--json name --client",
    "roles create": "--json name --client --description",
    "roles set": "--json name --client --name --description",
    "roles delete": "--json name --client --yes",
    "roles grant": "--json name --user --group --client",
    "roles revoke": "--json name --user --group --client",
    "attributes list": "--json",
    "attributes define": "--json name --type --applies-to --editable-by --description",
    "attributes set": "--json name --applies-to --editable-by --description",
    "attributes delete": "--json name --yes",
    "sessions list": "--json username --since --limit",
    "sessions end": "--json session_id",
    "admin create": "--json username --stdin",
    "admin list": "--json",
    "admin revoke": "--json username",
    "clients list": "--json --search --limit",
    "clients show": "--json client_id",
    "clients rotate": "--json client_id",
    "clients disable": "--json client_id",
    "clients enable": "--json client_id",
    "clients trust": "--json client_id",
    "clients create": "--json name --kind --redirect-uri --scope --client-id --secret-stdin"
    " --preset --url --default-resource --profile --jwks-uri --jwks-file",
    "clients set": "--json client_id --name --add-redirect-uri --remove-redirect-uri --add-scope"
    " --remove-scope --json-file --default-resource --no-default-resource",
    "clients policy": "--json client_id --access --group --map --mapping --unmap"
    " --access-token-ttl --refresh-token-ttl --require-pkce --second-factor --consent"
    " --id-token-claim --allowed-scope --allowed-resource --login-method --require-dpop-nonce"
    " --exchange-target --exchange-without-actor --exchanger-of --may-act --identity-assertion"
    " --profile --reset",
    "clients snippet": "client_id application",
    "clients rotate-secret": "--json client_id --overlap --expires --secret-stdin",
    "clients expire-secret": "--json client_id --at --never",
    "clients drop-old-secret": "--json client_id",
    "clients admin-scopes": "--json client_id --add --remove",
    "clients registration-token": "--json action client_id",
    "clients consents": "--json client_id --limit",
    "clients revoke-consent": "--json client_id username",
    "clients tokens": "--json client_id --limit",
    "clients revoke-tokens": "--json client_id --token",
    "clients invite": "--json --label --days",
    "clients block-host": "--json host",
    "clients unblock-host": "--json host",
    "clients blocked-hosts": "--json",
    "scopes list": "--json",
    "scopes show": "--json name",
    "scopes create": "--json name --description --translation",
    "scopes set": "--json name --description --translation --remove-translation",
    "scopes delete": "--json name --yes",
    "resources list": "--json",
    "resources show": "--json name",
    "resources create": f"--json name --identifier {OF_RESOURCE}",
    "resources set": f"--json name {OF_RESOURCE} --remove-alias --remove-scope --remove-translation"
    " --no-default-scope --remove-implied --remove-requester --remove-server --hide-metadata"
    " --no-agents --forbid-personal-tokens --all-personal-token-users --reset",
    "resources delete": "--json name --yes",
    "mcp check": "--json url",
    "mcp protect": "--json url --name --title --scope --format --code",
    "authorization-types list": "--json",
    "authorization-types show": "--json name",
    "authorization-types create": f"--json name --schema --description {OF_TYPE}",
    "authorization-types set": f"--json name --schema --description {OF_TYPE}"
    " --remove-translation --remove-client --remove-resource",
    "authorization-types delete": "--json name --yes",
    "issuers list": "--json",
    "issuers show": "--json name",
    "issuers create": "--json name --issuer --subject --jwks-uri --jwks --algorithm --audience"
    " --client --user --presenter --scope --resource --claim --maximum-age --identities"
    " --email-domain --single-use --accepted-for --create-users",
    "issuers set": "--json name --issuer --subject --jwks-uri --jwks --algorithm --audience"
    " --client --user --presenter --scope --resource --claim --maximum-age --identities"
    " --email-domain --single-use --accepted-for --create-users --reset",
    "issuers delete": "--json name --yes",
    "tokens list": "--json",
    "tokens create": "--json --label --days",
    "tokens revoke": "--json token_id",
    "tokens list-personal": "--json username",
    "tokens revoke-personal": "--json username token_id",
    "policies show": "--json",
    "settings list": "--json",
    "mail test": "--json address",
    "mail list": "--json",
    "keys list": "--json",
    "keys rotate": "--json --algorithm --now",
    "keys seal": "",
    "keys rewrap": "--json --dry-run",
    "audit list": "--json --user --user-id --client --since --until --action --limit",
    "audit verify": "--head --archive",
    "audit archive": "file --before",
    "webhooks list": "--json",
    "webhooks show": "--json webhook_id",
    "webhooks create": "--json url --event-type --description",
    "webhooks set": "--json webhook_id --url --event-type --description --enable --disable",
    "webhooks delete": "--json webhook_id --yes",
    "webhooks rotate-secret": "--json webhook_id --overlap",
    "webhooks test": "--json webhook_id",
    "webhooks deliveries": "--json webhook_id --limit",
    "refusals list": "--json --client --error --network --since --until --limit",
    "refusals show": "--json request_id",
    "plan": "--json files --detailed-exitcode --take-over --no-prune",
    "apply": "--json files --yes --take-over --no-prune",
    "export": "--owner",
    "providers list": "--json",
    "providers show": "--json name",
    "providers add": "--json name --issuer --client-id --label --scope --stdin",
    "providers set": "--json name --client-id --label --scope --stdin",
    "providers map-group": "--json name value group --claim",
    "providers unmap-group": "--json name value group",
    "providers groups-claim": "--json name claim --off",
    "providers disable": "--json name",
    "providers enable": "--json name",
    "providers remove": "--json name --yes",
    "import flask": "--json file --skip-invalid --dry-run",
    "upstream list": "--json",
}
"""Every command with its options and arguments."""

MISTAKES = [
    "",
    "nonsense",
    "--nonsense",
    "--json users list",
    "users",
    "users nonsense",
    "users show",
    "users show ada bob",
    "users list --nonsense",
    "users list --json=yes",
    "users list -j",
    "users list ada",
    "users set ada --name",
    "users set ada --name --nickname zo",
    "users set ada --unset password",
    "users set ada --phone 1",
    "users import",
    "users import users.csv --format xml",
    "users export users.csv",
    "import",
    "import django db.sqlite",
    "import flask",
    "clients trust id",
    "clients trust id much",
    "clients trust verified id",
    "clients invite --days soon",
    "clients invite --label --json",
    "keys rotate --algorithm HS256",
    "keys rotate --algorithm es256",
    "keys seal --json",
    "providers add company",
    "providers add company --issuer https://company.example",
    "audit",
    "audit list --json=yes",
    "sessions end",
    "settings list ISSUER",
    "mail test",
    "audit list --user ada --user-id 1",
    "audit archive",
    "migrate head base",
    "migrate -x",
    "demo here",
    "serve here",
    "serve --nonsense",
    "serve --port soon",
    "serve --port",
    "serve --port --https",
    "upstream",
]


def files_below(directory: Path) -> list[Path]:
    return list(directory.rglob("*"))


@pytest.mark.parametrize("words", MISTAKES)
async def test_a_mistake_in_usage_prints_the_usage_to_standard_error_with_exit_code_2(
    postern: Postern, tmp_path: Path, words: str
) -> None:
    result = await postern(*words.split())

    assert result.code == 2
    assert result.output == ""
    assert "usage: postern" in result.errors.lower()
    assert "Traceback" not in result.errors
    assert files_below(tmp_path) == []


def test_the_table_names_every_command() -> None:
    groups = {name: importlib.import_module(module).cli for name, module in NAMES.items()}
    names = {
        f"{name} {command.name}" if cli.info.name else name
        for name, cli in groups.items()
        for command in cli.registered_commands
        if not command.hidden
    }

    assert names == {command for command in COMMANDS if not command.startswith("upstream")}


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", COMMANDS)
async def test_help_names_every_option_and_argument_of_a_command(
    postern: Postern, command: str, option: str
) -> None:
    result = await postern(*command.split(), option, COLUMNS="200")

    expected = COMMANDS[command].split()
    words = set(re.findall(r"--[a-z-]+|\w+", result.output.lower()))
    assert (result.code, result.errors) == (0, "")
    assert f"usage: postern {command.replace('upstream', 'providers')}" in result.output.lower()
    assert {word for word in words if word.startswith("--")} == {
        "--help",
        *(name for name in expected if name.startswith("--")),
    }
    assert set(expected) <= words


@pytest.mark.parametrize(
    "words", ["users show --nonsense -h", "users list -h ada", "clients invite --help --days soon"]
)
async def test_help_is_printed_in_spite_of_mistakes(postern: Postern, words: str) -> None:
    result = await postern(*words.split())

    assert result.code == 0
    assert result.output.lower().startswith(f"usage: postern {' '.join(words.split()[:2])}")


async def test_the_help_of_postern_lists_the_commands(postern: Postern) -> None:
    result = await postern("--help")

    listed = re.findall(r"^ +([a-z-]+)", result.output, re.MULTILINE)
    assert (result.code, result.errors) == (0, "")
    assert {command.split()[0] for command in COMMANDS} - {"upstream"} <= set(listed)


async def test_without_words_the_help_with_examples_goes_to_standard_error(
    postern: Postern,
) -> None:
    result, asked = await postern(), await postern("--help")

    examples = re.findall(r"^ +postern ([a-z]+)", result.errors, re.MULTILINE)
    assert (result.code, result.output) == (2, "")
    assert result.errors == asked.output
    assert len(examples) >= 5
    assert set(examples) <= {command.split()[0] for command in COMMANDS}


async def test_the_version_is_printed_with_exit_code_0(postern: Postern) -> None:
    result = await postern("--version")

    assert (result.code, result.output) == (0, f"postern {__version__}\n")


@pytest.fixture
async def migrated(postern: Postern) -> Postern:
    """`postern` on a migrated database without rows."""
    result = await postern("migrate", DATABASE_URL="sqlite:///postern.db")
    assert result.code == 0, result.errors
    return postern


@pytest.mark.parametrize(
    "words",
    [
        "users show -1",
        "users show -1.5",
        "users show -- -1",
        "users show -- --json",
        "users show --json -1",
        "users show -1 --json",
        "clients trust -1 none",
    ],
)
async def test_a_negative_number_is_an_argument_and_so_is_every_word_after_two_dashes(
    migrated: Postern, words: str
) -> None:
    result = await migrated(*words.split())

    assert result.code == 1
    assert result.errors.startswith("postern: There is no ")


@pytest.mark.parametrize("words", ["--days -1", "--days=-1", "--label=--json --days 0"])
async def test_the_value_of_an_option_may_be_a_negative_number_or_follow_an_equals_sign(
    migrated: Postern, words: str
) -> None:
    result = await migrated("clients", "invite", *words.split())

    assert (result.code, result.errors) == (
        1,
        "postern: --days must be between 1 and 3650.\n",
    )


@pytest.mark.parametrize("words", ["users list --js", "keys list --j", "users list --json --json"])
async def test_an_option_may_be_abbreviated_and_repeated(migrated: Postern, words: str) -> None:
    result = await migrated(*words.split())

    assert (result.code, result.output) == (0, "[]\n")


async def test_of_an_option_given_twice_the_last_value_is_used(migrated: Postern) -> None:
    result = await migrated("clients", "invite", "--days", "0", "--days", "1")

    assert result.code == 0


@pytest.mark.parametrize("name", ["\udcff", ""])
async def test_an_argument_may_be_empty_or_not_be_text(migrated: Postern, name: str) -> None:
    result = await migrated("users", "show", name)

    assert (result.code, result.errors) == (1, "postern: There is no user with that name.\n")
