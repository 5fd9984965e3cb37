"""Groups, roles and attributes of users, on which tokens and policies depend."""

from dataclasses import dataclass

from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.role_grants import RoleGrantRepository
from app.repositories.accounts.roles import RoleRepository
from app.services.accounts.attributes import AttributeService
from app.services.accounts.groups import GroupService
from app.services.accounts.role_grants import RoleGrantService
from app.services.accounts.roles import RoleService
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.services.accounts.user_attributes import UserAttributeService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    groups: GroupService
    roles: RoleService
    role_grants: RoleGrantService
    attributes: AttributeService
    user_attributes: UserAttributeService
    group_repository: GroupRepository
    role_repository: RoleRepository
    role_grant_repository: RoleGrantRepository
    attribute_repository: AttributeRepository
    second_factor_policies: SecondFactorPolicies


def build_groups(core: Core) -> Groups:
    group_repository = GroupRepository(core.database)
    attribute_repository = AttributeRepository(core.database)
    attributes = AttributeService(attribute_repository, core.audit)
    role_repository = RoleRepository(core.database)
    role_grant_repository = RoleGrantRepository(core.database)
    roles = RoleService(role_repository=role_repository, audit=core.audit, clock=core.clock)
    second_factor_policies = SecondFactorPolicies(
        group_repository=group_repository,
        entitlements=core.entitlements,
        clock=core.clock,
        general=core.settings.second_factor,
    )
    return Groups(
        groups=GroupService(
            group_repository=group_repository,
            group_member_repository=GroupMemberRepository(core.database),
            attributes=attributes,
            second_factor_policies=second_factor_policies,
            audit=core.audit,
            clock=core.clock,
        ),
        roles=roles,
        role_grants=RoleGrantService(
            role_grant_repository=role_grant_repository,
            roles=roles,
            audit=core.audit,
            clock=core.clock,
        ),
        attributes=attributes,
        user_attributes=UserAttributeService(
            attribute_repository=attribute_repository, attributes=attributes, audit=core.audit
        ),
        group_repository=group_repository,
        role_repository=role_repository,
        role_grant_repository=role_grant_repository,
        attribute_repository=attribute_repository,
        second_factor_policies=second_factor_policies,
    )
