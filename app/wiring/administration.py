"""What administrators do to accounts of users."""

from dataclasses import dataclass
from datetime import timedelta

from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.invitations import InvitationRepository
from app.repositories.accounts.user_changes import UserChangeRepository
from app.repositories.accounts.user_details import UserDetailsRepository
from app.repositories.factors.trusted_browsers import TrustedBrowserRepository
from app.services.accounts.account_data import AccountData
from app.services.accounts.account_locks import AccountLocks
from app.services.accounts.administration.changes import UserChanges
from app.services.accounts.administration.credentials import CredentialAdministration
from app.services.accounts.administration.details import UserDetailsService
from app.services.accounts.administration.emails import EmailAdministration
from app.services.accounts.administration.invitations import InvitationAdministration
from app.services.accounts.administration.users import UserAdministration
from app.services.accounts.email_verification import EmailVerification
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.sessions import SessionService
from app.services.accounts.users import UserService
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.groups import Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    users: UserAdministration
    credentials: CredentialAdministration
    emails: EmailAdministration
    invitations: InvitationAdministration
    details: UserDetailsService
    changes: UserChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministeredAccounts:
    """The services of accounts on which administration builds."""

    users: UserService
    new_passwords: NewPasswords
    sessions: SessionService
    account_data: AccountData
    account_repository: AccountRepository
    email_verification: EmailVerification
    invitation_repository: InvitationRepository


def build_administration(
    core: Core,
    *,
    accounts: AdministeredAccounts,
    factors: Factors,
    clients: Clients,
    groups: Groups,
) -> Administration:
    account_locks = AccountLocks(
        user_repository=core.user_repository,
        trusted_browser_repository=TrustedBrowserRepository(core.database),
        limits=core.limits,
        audit=core.audit,
        clock=core.clock,
    )
    users = UserAdministration(
        users=accounts.users,
        user_repository=core.user_repository,
        sessions=accounts.sessions,
        account_data=accounts.account_data,
        audit=core.audit,
        notices=core.notices,
        clock=core.clock,
    )
    return Administration(
        users=users,
        changes=UserChanges(
            user_change_repository=UserChangeRepository(core.database),
            users=accounts.users,
            administration=users,
            user_attributes=groups.user_attributes,
        ),
        credentials=CredentialAdministration(
            users=accounts.users,
            user_repository=core.user_repository,
            new_passwords=accounts.new_passwords,
            otp=factors.otp,
            passkeys=factors.passkeys,
            account_locks=account_locks,
            one_time_links=core.one_time_links,
            links=core.links,
            outbox=core.outbox,
            audit=core.audit,
            notices=core.notices,
            clock=core.clock,
        ),
        emails=EmailAdministration(
            users=accounts.users,
            user_repository=core.user_repository,
            email_verification=accounts.email_verification,
            audit=core.audit,
            clock=core.clock,
        ),
        invitations=InvitationAdministration(
            users=accounts.users,
            user_repository=core.user_repository,
            account_repository=accounts.account_repository,
            invitation_repository=accounts.invitation_repository,
            one_time_links=core.one_time_links,
            links=core.links,
            outbox=core.outbox,
            audit=core.audit,
            clock=core.clock,
            lasts=timedelta(days=core.settings.invitation_days),
        ),
        details=UserDetailsService(
            users=accounts.users,
            user_details_repository=UserDetailsRepository(core.database),
            account_repository=accounts.account_repository,
            groups=groups.groups,
            role_grants=groups.role_grants,
            user_attributes=groups.user_attributes,
            sessions=accounts.sessions,
            consents=clients.consents,
            account_locks=account_locks,
            clock=core.clock,
        ),
    )
