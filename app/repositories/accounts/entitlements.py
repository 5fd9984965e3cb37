"""Batched look-up of what a user is: groups, roles and attributes, in one statement."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, func, literal_column, select

from app.database.database import Database
from app.models.accounts.attributes import attribute_definitions, user_attributes
from app.models.accounts.groups import group_members, groups
from app.models.accounts.roles import GROUP_PREFIX, USER_PREFIX, role_grants, roles
from app.models.accounts.users import users

FIELD, RECORD = "\x1f", "\x1e"
"""Separators; no stored name or JSON text contains a control character."""

group, member, grant, role, user = groups.c, group_members.c, role_grants.c, roles.c, users.c
definition, values = attribute_definitions.c, user_attributes.c


class EntitlementRow(NamedTuple):
    """The columns of the look-up; several records in a column are separated by `RECORD`.

    `groups` has group_id, name, second_factor and attributes; `roles` and `group_roles` have
    client_id and name; `definitions` has name, type, applies_to and editable_by.
    """

    groups: str | None
    roles: str | None
    group_roles: str | None
    attributes: str | None
    own_attributes: str | None
    email_key: str | None
    definitions: str | None


class EntitlementRepository:
    def __init__(self, database: Database) -> None:
        is_sqlite = database.backend.dialect.name == "sqlite"
        statement = _statement("group_concat" if is_sqlite else "string_agg")
        self._by_user = database.lookup(statement, key=user.user_id, value=EntitlementRow)

    async def find(self, user_id: str) -> EntitlementRow | None:
        """Return the row of a user, or None if there is no such user."""
        return await self._by_user(user_id)


def _statement(join_texts: str) -> Select[Any]:
    """Return the look-up. All of its literals are part of its text: its one parameter is the
    key."""

    def joined(*fields: ColumnElement[Any]) -> ColumnElement[Any]:
        text = fields[0]
        for field in fields[1:]:
            text = text.concat(_quoted(FIELD)).concat(field)
        aggregate: ColumnElement[Any] = getattr(func, join_texts)(
            text, _quoted(RECORD), type_=Text()
        )
        return aggregate

    name_of_role = joined(role.client_id, role.name)
    of_user = _quoted(USER_PREFIX).concat(user.user_id)
    of_group = _quoted(GROUP_PREFIX).concat(member.group_id)
    second_factor = func.coalesce(group.second_factor, _quoted(""))
    return select(
        _alone(
            select(joined(group.group_id, group.name, second_factor, group.attributes))
            .select_from(group_members.join(groups, group.group_id == member.group_id))
            .where(member.user_id == user.user_id)
        ),
        _alone(
            select(name_of_role)
            .select_from(role_grants.join(roles, role.role_id == grant.role_id))
            .where(grant.subject == of_user)
        ),
        _alone(
            select(name_of_role)
            .select_from(
                group_members.join(role_grants, grant.subject == of_group).join(
                    roles, role.role_id == grant.role_id
                )
            )
            .where(member.user_id == user.user_id)
        ),
        values.attributes,
        values.own_attributes,
        user.email_key,
        _alone(
            select(
                joined(
                    definition.name, definition.type, definition.applies_to, definition.editable_by
                )
            )
        ),
    ).select_from(users.outerjoin(user_attributes, values.user_id == user.user_id))


def _alone(query: Select[Any]) -> ScalarSelect[Any]:
    return query.correlate(users).scalar_subquery()


def _quoted(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", Text())
