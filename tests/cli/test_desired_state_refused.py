"""Files that `postern plan` and `apply` refuse: exit code 2, the line, and nothing is applied."""

from pathlib import Path

import pytest

from tests.cli.conftest import Postern
from tests.cli.desired import FULL, SECRET, SECRETS, OnServer, on_server, written
from tests.support.application import Application
from tests.support.broken_outbox import content_of, writes_refused

GROUP = "owner: infra\ngroups:\n  - name: A\n"
CLIENT = """\
owner: infra
clients:
  - client_id: wiki
    client_name: Wiki
    kind: spa
    redirect_uris: [https://wiki.example.com/]
"""
BOMB = """\
owner: infra
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
groups: [*b, *b, *b, *b, *b, *b, *b, *b]
"""
PROVIDER = """\
owner: infra
identity_providers:
  - name: company
    issuer: https://login.company.example
    client_id: us
"""


@pytest.fixture
def run(app: Application, postern: Postern) -> OnServer:
    return on_server(app, postern)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (BOMB, 2, "aliases and anchors are not allowed: write the value again."),
        (GROUP + "    name: B\n", 4, "name is stated twice: remove one of them."),
        (
            GROUP + "    descripton: x\n",
            4,
            "descripton is not known here. Did you mean descr",
        ),
        (GROUP.replace("groups", "gruops"), 2, "gruops is not known here. Did you mean groups?"),
        (GROUP + "    roles: [administrator]\n", 4, "group A: roles: administrator and auditor"),
        (GROUP + "    roles: [nothing]\n", 4, "group A: roles: there is no role nothing. Add it"),
        (GROUP + "    attributes: {nothing: 1}\n", 4, "group A: attributes.nothing"),
        (GROUP + "    members: [zoe]\n", 4, "members is not known here."),
        (GROUP + "  - description: x\n", 4, "name: Field required."),
        (GROUP + "  - name: a\n", 4, "group a: is stated already at state.yaml:3."),
        (GROUP + "   x\n", 4, ""),
        (GROUP + "    description: !!python/object:os.system x\n", 4, "tags are not allowed"),
        (GROUP + "    true: x\n", 4, "a key must be text: quote it."),
        (GROUP + "    description: [x]\n", 4, "description: Input should be a valid string."),
        ("owner: infra\nroles: [{name: auditor}]\n", 2, "role auditor: name: administrator and"),
        ("owner: infra\ngroups: {name: A}\n", 2, "groups must be a list."),
        ("owner: infra\ngroups: [A]\n", 2, "a group must be a mapping."),
        ("owner: manual\n", 1, "manual is the owner of what no file made. Choose another one."),
        ("owner: Infra Team\n", 1, "owner must have 1 to 64 characters"),
        ("groups: []\n", 1, "the owner is missing. Begin the file with owner: NAME."),
        (
            CLIENT + "    redirct_uris: []\n",
            7,
            "redirct_uris is not known here. Did you mean re",
        ),
        (
            CLIENT + "    policies: {acces: {}}\n",
            7,
            "acces is not known here. Did you mean acc",
        ),
        (CLIENT + "    policies:\n      access: {kind: groups, groups: [X]}\n", 8, "client wiki: "),
        (
            CLIENT + "    policies: {profile: fapi2}\n",
            7,
            "client wiki: policies.profile: The FAPI 2.0 profile requires",
        ),
        (CLIENT + "    client_secret: hunter2\n", 7, "client_secret: write {env: NAME} or {file: "),
        (
            CLIENT + "    client_secret: {env: A, file: b}\n",
            7,
            "client_secret: state either env",
        ),
        (CLIENT + "    client_secret: {env: PATH}\n", 7, "client wiki: client_secret: "),
        (CLIENT + "    admin_scopes: [everything]\n", 7, "admin_scopes.0: Input should be"),
        (CLIENT + "    owner: other\n", 7, "owner is not known here."),
        (CLIENT.replace("spa", "toaster"), 5, "kind: must be one of web, spa, native, device"),
        (CLIENT.replace("https", "javascript"), 6, "redirect_uris.0: must be an https URL"),
        (
            CLIENT.replace("client_id: wiki", f"client_id: {'a' * 32}"),
            3,
            f"client {'a' * 32}: client_id must",
        ),
        (CLIENT.replace("kind: spa", "kind: web"), 3, "client wiki: client_secret: is required"),
        (PROVIDER.replace("https", "ftp"), 4, "identity provider company: issuer must be an https"),
        (PROVIDER + "    group_mappings: {a: [b]}\n", 3, "group_mappings require a groups_claim."),
        (
            PROVIDER + "    groups_claim: g\n    group_mappings: {a: [b]}\n",
            7,
            "identity provider company: group_mappings.a: there is no group b. Add it to groups.",
        ),
    ],
    ids=lambda value: str(value)[-40:],
)
async def test_a_mistake_names_its_line(
    app: Application, run: OnServer, tmp_path: Path, text: str, line: int, message: str
) -> None:
    before = await content_of(app)
    file = written(tmp_path, text)

    applied = await run("apply", file, "--yes")

    assert (applied.code, applied.output) == (2, "")
    assert f"postern: state.yaml:{line}: {message}" in applied.errors
    assert "hunter2" not in applied.errors
    assert await content_of(app) == before


async def test_every_problem_of_all_files_is_listed(run: OnServer, tmp_path: Path) -> None:
    first = written(tmp_path, GROUP + "    descripton: x\n  - nme: B\n", "first.yaml")
    second = written(tmp_path, GROUP.replace("groups", "group"), "second.yaml")

    planned = await run("plan", first, second, "absent.yaml")

    problems = [line for line in planned.errors.splitlines() if line.startswith("postern: ")]
    assert [line.split(": ")[1] for line in problems] == [
        "first.yaml:4",
        "first.yaml:5",
        "second.yaml:2",
        "absent.yaml",
    ]


async def test_a_file_of_more_than_one_mebibyte_is_refused(run: OnServer, tmp_path: Path) -> None:
    fits = written(tmp_path, GROUP + "#" * (1024 * 1024 - len(GROUP)), "fits.yaml")
    larger = written(tmp_path, GROUP + "#" * (1024 * 1024 - len(GROUP) + 1), "larger.yaml")

    accepted, refused = await run("plan", fits), await run("plan", larger)

    assert accepted.code == 0, accepted.errors
    assert refused.code == 2
    assert "larger.yaml: is larger than 1 MiB." in refused.errors


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"owner: infra\ngroups: " + b"[" * 5000, "is nested too deeply."),
        (b"owner: \xff", "is not UTF-8."),
        (b"owner: a\x00b", "contains a character that YAML does not allow."),
        (b"", "must be a mapping that begins with owner: NAME"),
        (b"owner: a\n---\nowner: b\n", "but found another document."),
    ],
    ids=["deep", "encoding", "control", "empty", "two documents"],
)
async def test_what_is_no_document_is_refused(
    run: OnServer, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "state.yaml").write_bytes(content)

    planned = await run("plan", "state.yaml")

    assert planned.code == 2
    assert message in planned.errors


async def test_texts_are_what_they_look_like(run: OnServer, tmp_path: Path) -> None:
    """YAML 1.1 reads these as a boolean, a date and a number."""
    names = ("no", "2026-01-01", "0o17", "1_000")
    file = written(tmp_path, f"owner: texts\nroles: [{', '.join(f'{{name: {n}}}' for n in names)}]")

    planned = await run("plan", file)

    assert planned.code == 0, planned.errors
    assert all(f"+ role {name}\n" in planned.output for name in names)


async def test_a_new_object_needs_its_variable(
    run: OnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)

    planned = await run("plan", written(tmp_path, FULL), REPORTS_SECRET="", WIKI_SECRET=SECRET)

    assert planned.code == 2
    assert "client reports: client_secret: set the environment variable REPORTS_SECRET." in (
        planned.errors
    )
    assert "identity provider company: client_secret: set the environment variable" in (
        planned.errors
    )
    assert "client wiki" not in planned.errors


async def test_a_short_secret_is_refused_and_not_repeated(run: OnServer, tmp_path: Path) -> None:
    planned = await run("plan", written(tmp_path, FULL), **{**SECRETS, "WIKI_SECRET": "hunter2"})

    assert planned.code == 2
    assert "client wiki: client_secret" in planned.errors
    assert "hunter2" not in planned.errors


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["upstream_providers", "group_mappings", "audit_outbox"])
async def test_a_fault_in_the_middle_leaves_nothing(
    app: Application, run: OnServer, tmp_path: Path, table: str
) -> None:
    before = await content_of(app)
    file = written(tmp_path, FULL)

    async with writes_refused(app, table):
        applied = await run("apply", file, **SECRETS)

    assert applied.code != 0
    assert "Applied." not in applied.output
    assert await content_of(app) == before
