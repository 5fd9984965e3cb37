"""Which claims a client gets from the groups, roles and attributes of a user."""

from typing import Any

import pytest

from app.oauth.access_policy import may_use
from app.oauth.claim_mappings import mapped_claims
from app.repositories.accounts.entitlements import FIELD, RECORD, EntitlementRow
from app.schemas.claim_mappings import MappingTarget
from app.schemas.client_policies import ClientPolicies
from app.services.accounts.entitlements import (
    Definition,
    Entitlements,
    EntitlementService,
    GroupOfUser,
)
from tests.support.clients import client_with

CREW = GroupOfUser("1" * 32, "grafana-admins", "", '{"floor": 4, "tags": ["a", "b"]}')
STAFF = GroupOfUser("2" * 32, "staff", "required", '{"floor": 5, "tags": ["b", "c"]}')
DEFINITIONS = {
    each.name: each
    for each in (
        Definition("department", "string", "users", "administrator"),
        Definition("motto", "string", "users", "user"),
        Definition("floor", "number", "both", "administrator"),
        Definition("tags", "list", "groups", "administrator"),
    )
}
USER = Entitlements(
    groups=(STAFF, CREW),
    roles=frozenset({("", "employee"), ("a-client", "Admin"), ("another", "Secret")}),
    attributes={"department": "research", "motto": "by an administrator"},
    own_attributes={"motto": "mine", "department": "forged"},
    definitions=DEFINITIONS,
    has_verified_email=True,
)


class Known:
    """Entitlements that count how often they are asked for."""

    def __init__(self, entitlements: Entitlements = USER) -> None:
        self.entitlements = entitlements
        self.count = 0

    async def get(self) -> Entitlements:
        self.count += 1
        return self.entitlements


async def claims(
    *mappings: dict[str, Any],
    scope: str = "openid",
    requested: tuple[str, ...] = (),
    known: Known | None = None,
    target: MappingTarget = MappingTarget.ID_TOKEN,
) -> dict[str, Any]:
    policies = ClientPolicies.model_validate(
        {"claim_mappings": [{"targets": ["id_token"], **each} for each in mappings]}
    )
    return dict(
        await mapped_claims(
            target,
            client_id="a-client",
            policies=policies if mappings else None,
            scope=scope,
            requested=requested,
            entitlements=known or Known(),  # type: ignore[arg-type]
        )
    )


async def test_the_scopes_release_groups_and_the_roles_for_this_client() -> None:
    assert await claims(scope="openid groups roles") == {
        "groups": ["grafana-admins", "staff"],
        "roles": ["Admin", "employee"],
    }
    assert await claims(scope="openid", requested=("groups",)) == {
        "groups": ["grafana-admins", "staff"]
    }


@pytest.mark.parametrize("scope", ["openid", "", "groups2 myroles subgroups:read"])
async def test_other_scopes_release_nothing_and_look_nothing_up(scope: str) -> None:
    known = Known()

    assert await claims(scope=scope, known=known) == {}
    assert known.count == 0


async def test_groups_can_be_renamed_filtered_and_prefixed() -> None:
    mapping = {"name": "memberOf", "source": "groups", "filter": ["grafana-*"], "prefix": "oidc:"}

    assert await claims(mapping) == {"memberOf": ["oidc:grafana-admins"]}


async def test_a_mapping_of_groups_replaces_the_claim_of_the_scope() -> None:
    """So that a client whose groups are filtered cannot request all of them"""
    mapping = {"name": "memberOf", "source": "groups", "filter": ["nothing"]}

    assert await claims(mapping, scope="openid groups") == {"memberOf": []}
    assert await claims(mapping, scope="groups", target=MappingTarget.USERINFO) == {}


@pytest.mark.parametrize(
    ("pattern", "is_shown"),
    [
        ("grafana-admins", True),
        ("Grafana-admins", False),
        ("*", True),
        ("grafana*", True),
        ("*admins", True),
        ("*fana-*min*", True),
        ("g*a*s", True),
        ("grafana-admins*grafana-admins", False),
        ("*min*fana*", False),
        ("grafana-[ab]dmins", False),
        ("grafana-admin?", False),
        ("**", True),
    ],
)
async def test_a_pattern_matches_by_asterisks_alone(pattern: str, is_shown: bool) -> None:
    known = Known(Entitlements(groups=(CREW,)))
    mapping = {"name": "g", "source": "groups", "filter": [pattern]}

    assert await claims(mapping, known=known) == {"g": ["grafana-admins"] if is_shown else []}


async def test_a_claim_with_a_static_value_needs_no_look_up() -> None:
    known = Known()

    result = await claims({"name": "quota", "source": "static", "value": "5 GB"}, known=known)

    assert result == {"quota": "5 GB"}
    assert known.count == 0


async def test_attributes_are_released_with_their_types() -> None:
    mappings = [
        {"name": name, "source": f"attribute:{name}"}
        for name in ("department", "motto", "floor", "tags", "unknown")
    ]

    assert await claims(*mappings) == {
        "department": "research",
        "motto": "mine",
        "floor": 4,  # of the first group by name
        "tags": ["a", "b", "c"],
    }


@pytest.mark.parametrize("name", ["groups", "roles", "name", "website", "locale"])
async def test_what_a_user_wrote_is_never_a_claim_that_others_rely_on(name: str) -> None:
    """Even if the mapping was written while only administrators edited the attribute"""
    assert await claims({"name": name, "source": "attribute:motto"}) == {}
    assert await claims({"name": name, "source": "attribute:department"}) == {name: "research"}


async def test_a_value_of_another_type_than_its_definition_is_left_out() -> None:
    definition = Definition("department", "number", "users", "administrator")
    user = Entitlements(
        attributes={"department": "research"}, definitions={"department": definition}
    )

    assert await claims({"name": "d", "source": "attribute:department"}, known=Known(user)) == {}


@pytest.mark.parametrize(
    ("policies", "is_allowed", "look_ups"),
    [
        (None, True, 0),
        ({"require_pkce": True}, True, 0),
        ({"access": {"kind": "nobody"}}, False, 0),
        ({"access": {"kind": "groups", "groups": [CREW.group_id, "9" * 32]}}, True, 1),
        ({"access": {"kind": "groups", "groups": ["9" * 32]}}, False, 1),
        ({"require_verified_email": True}, True, 1),
    ],
    ids=str,
)
async def test_an_access_policy_decides_by_the_groups_of_the_user(
    policies: dict[str, Any] | None, is_allowed: bool, look_ups: int
) -> None:
    stored = ClientPolicies.model_validate(policies).stored() if policies is not None else None
    known = Known()

    assert await may_use(client_with()._replace(policies=stored), known) is is_allowed  # type: ignore[arg-type]
    assert known.count == look_ups


async def test_a_client_may_require_a_verified_email() -> None:
    client = client_with()._replace(policies=ClientPolicies(require_verified_email=True).stored())

    assert not await may_use(client, Known(Entitlements()))  # type: ignore[arg-type]


async def test_entitlements_are_read_from_the_row_of_the_look_up() -> None:
    class OneRow:
        async def find(self, user_id: str) -> EntitlementRow | None:
            if user_id != "ada":
                return None
            group = FIELD.join(("g1", "Crew", "", "{}"))
            return EntitlementRow(
                groups=RECORD.join((group, group)),  # from two sources
                roles=FIELD.join(("", "administrator")),
                group_roles=RECORD.join(
                    (FIELD.join(("", "administrator")), FIELD.join(("c", "x")))
                ),
                attributes='{"a": 1}',
                own_attributes=None,
                email_key="ada@example.com",
                definitions=FIELD.join(("a", "number", "users", "user")),
            )

    service = EntitlementService(OneRow())  # type: ignore[arg-type]
    ada, nobody = await service.of("ada"), await service.lazily("nobody").get()

    assert ada.group_names == ("Crew",)
    assert ada.is_administrator
    assert not ada.is_auditor
    assert ada.roles_for("c") == ["administrator", "x"]
    assert ada.attribute("a", is_vouched=False) == 1
    assert ada.attribute("a", is_vouched=True) is None
    assert ada.has_verified_email
    assert nobody == Entitlements()
