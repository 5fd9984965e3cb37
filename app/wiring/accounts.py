"""Accounts of users: how they sign in, their sessions, and what they can do with their data."""

from dataclasses import dataclass
from datetime import timedelta

from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.invitations import InvitationRepository
from app.repositories.accounts.sessions import SessionRepository
from app.repositories.accounts.unconfirmed_users import UnconfirmedUserRepository
from app.repositories.accounts.user_search import UserSearchRepository
from app.security.passwords import PasswordScheme
from app.services.accounts.account_data import AccountData
from app.services.accounts.attributes import AttributeService
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.email_verification import EmailVerification
from app.services.accounts.groups import GroupService
from app.services.accounts.invitations import Invitations
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.one_time_links import OneTimeLinks
from app.services.accounts.password_hashing import PasswordHashing
from app.services.accounts.password_reset import PasswordReset
from app.services.accounts.role_grants import RoleGrantService
from app.services.accounts.roles import RoleService
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.services.accounts.sessions import SessionService
from app.services.accounts.unconfirmed_users import UnconfirmedUsers
from app.services.accounts.user_attributes import UserAttributeService
from app.services.accounts.user_search import UserSearch
from app.services.accounts.users import UserService
from app.settings import Settings
from app.wiring.administration import (
    AdministeredAccounts,
    Administration,
    build_administration,
)
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.groups import Groups
from app.wiring.imports import Imports, build_imports


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    users: UserService
    administration: Administration
    invitations: Invitations
    authentication: AuthenticationService
    sessions: SessionService
    second_factor_policies: SecondFactorPolicies
    account_data: AccountData
    email_verification: EmailVerification
    password_reset: PasswordReset
    one_time_links: OneTimeLinks
    known_networks: KnownNetworks
    unconfirmed_users: UnconfirmedUsers
    user_search: UserSearch
    groups: GroupService
    roles: RoleService
    role_grants: RoleGrantService
    attributes: AttributeService
    user_attributes: UserAttributeService
    imports: Imports


def build_accounts(core: Core, *, factors: Factors, clients: Clients, groups: Groups) -> Accounts:
    settings = core.settings
    password_hashing = PasswordHashing(_password_scheme(settings), core.threads)
    sessions = SessionService(
        session_repository=SessionRepository(core.database),
        clock=core.clock,
        ttl=timedelta(seconds=settings.session_ttl),
        staying_ttl=timedelta(days=settings.stay_signed_in_days),
    )
    authentication = AuthenticationService(
        user_repository=core.user_repository,
        password_hashing=password_hashing,
        otp=factors.otp,
        limits=core.limits,
        known_networks=core.known_networks,
        audit=core.audit,
        notices=core.notices,
        otp_policy=settings.otp_policy,
    )
    new_passwords = NewPasswords(
        password_hashing,
        minimum_length=settings.password_min_length,
        blocklist_file=settings.password_blocklist_file,
        refuses_common=settings.is_production,
    )
    users = UserService(
        user_repository=core.user_repository,
        new_passwords=new_passwords,
        otp=factors.otp,
        authentication=authentication,
        sessions=sessions,
        clock=core.clock,
        audit=core.audit,
        notices=core.notices,
    )
    account_repository = AccountRepository(core.database)
    invitation_repository = InvitationRepository(core.database)
    account_data = AccountData(
        account_repository=account_repository,
        client_repository=core.client_repository,
        sessions=sessions,
        consents=clients.consents,
        usage=clients.usage,
        entitlements=core.entitlements,
        audit=core.audit,
        notices=core.notices,
        clock=core.clock,
    )
    email_verification = EmailVerification(
        user_repository=core.user_repository,
        one_time_links=core.one_time_links,
        outbox=core.outbox,
        limits=core.limits,
        audit=core.audit,
        notices=core.notices,
        links=core.links,
    )
    administered = AdministeredAccounts(
        users=users,
        new_passwords=new_passwords,
        sessions=sessions,
        account_data=account_data,
        account_repository=account_repository,
        email_verification=email_verification,
        invitation_repository=invitation_repository,
    )
    return Accounts(
        users=users,
        administration=build_administration(
            core, accounts=administered, factors=factors, clients=clients, groups=groups
        ),
        invitations=Invitations(
            user_repository=core.user_repository,
            invitation_repository=invitation_repository,
            one_time_links=core.one_time_links,
            new_passwords=new_passwords,
            audit=core.audit,
            clock=core.clock,
        ),
        authentication=authentication,
        sessions=sessions,
        second_factor_policies=groups.second_factor_policies,
        account_data=account_data,
        email_verification=email_verification,
        password_reset=PasswordReset(
            user_repository=core.user_repository,
            new_passwords=new_passwords,
            one_time_links=core.one_time_links,
            outbox=core.outbox,
            limits=core.limits,
            audit=core.audit,
            notices=core.notices,
            links=core.links,
            clock=core.clock,
        ),
        one_time_links=core.one_time_links,
        known_networks=core.known_networks,
        unconfirmed_users=UnconfirmedUsers(
            unconfirmed_user_repository=UnconfirmedUserRepository(core.database),
            audit=core.audit,
            clock=core.clock,
            deleted_after=timedelta(days=settings.unconfirmed_user_days),
        ),
        user_search=UserSearch(UserSearchRepository(core.database), core.clock),
        groups=groups.groups,
        roles=groups.roles,
        role_grants=groups.role_grants,
        attributes=groups.attributes,
        user_attributes=groups.user_attributes,
        imports=build_imports(core, factors=factors, clients=clients, groups=groups),
    )


def _password_scheme(settings: Settings) -> PasswordScheme:
    return PasswordScheme(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
    )
