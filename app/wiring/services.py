"""The container of the services."""

from dataclasses import dataclass

from app.clock import Clock
from app.database.database import Database
from app.database.threads import start_threads
from app.oauth.authorization.endpoint import AuthorizationEndpoint
from app.oauth.authorization.pushed import PushedRequests
from app.oauth.backchannel_logout import LogoutDelivery
from app.oauth.bearer import BearerTokens
from app.oauth.device import DeviceAuthorization
from app.oauth.dispatcher import GrantDispatcher
from app.oauth.federation.client import IdentityProviderClient
from app.oauth.id_tokens import IdTokens
from app.oauth.introspection import Introspection
from app.oauth.logout import Logout
from app.oauth.registration import ClientRegistration
from app.oauth.revocation import Revocation
from app.oauth.userinfo import UserInfo
from app.outbound.http import OutboundHttp
from app.outbound.names import HostNames
from app.outbound.shared_limits import SharedLimits
from app.schemas.metadata import ServerMetadata
from app.security.encryption import SecretBox
from app.services.accounts.account_data import AccountData
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.email_verification import EmailVerification
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.notices import Notices
from app.services.accounts.one_time_links import OneTimeLinks
from app.services.accounts.password_reset import PasswordReset
from app.services.accounts.sessions import SessionService
from app.services.accounts.users import UserService
from app.services.clients.client_logos import ClientLogos
from app.services.clients.client_origins import ClientOrigins
from app.services.clients.clients import ClientService
from app.services.factors.mail_codes import MailCodes
from app.services.factors.otp import OtpService
from app.services.factors.passkeys import PasskeyService
from app.services.factors.recovery_codes import RecoveryCodes
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.federation.identity_providers import IdentityProviderService
from app.services.oauth.consents import ConsentService
from app.services.oauth.signing_keys import SigningKeys
from app.services.operations.audit import AuditLog
from app.services.operations.audit_archive import AuditArchive
from app.services.operations.bounded_threads import BoundedThreads
from app.services.operations.housekeeping import Housekeeping
from app.services.operations.limits import Limits
from app.services.operations.mail import MailDelivery
from app.services.operations.readiness import Readiness
from app.services.operations.rewrapping import Rewrapping
from app.services.operations.secret_key_check import SecretKeyCheck
from app.settings import Settings
from app.wiring.parts import box_for, secret_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services and resources that live as long as the server."""

    settings: Settings
    clock: Clock
    database: Database
    audit: AuditLog
    audit_archive: AuditArchive
    limits: Limits
    names: HostNames
    known_networks: KnownNetworks
    shared_limits: SharedLimits | None
    readiness: Readiness
    notices: Notices
    threads: BoundedThreads
    users: UserService
    account_data: AccountData
    links: OneTimeLinks
    email_verification: EmailVerification
    password_reset: PasswordReset
    mail_codes: MailCodes
    mail_delivery: MailDelivery | None
    otp: OtpService
    passkeys: PasskeyService
    identity_providers: IdentityProviderService
    provider_client: IdentityProviderClient
    recovery: RecoveryCodes
    trusted_browsers: TrustedBrowsers
    clients: ClientService
    registration: ClientRegistration
    client_origins: ClientOrigins
    client_logos: ClientLogos
    dispatcher: GrantDispatcher
    bearer: BearerTokens
    introspection: Introspection
    revocation: Revocation
    metadata: ServerMetadata
    housekeeping: Housekeeping
    sessions: SessionService
    authentication: AuthenticationService
    outbound: OutboundHttp
    signing_keys: SigningKeys
    secret_key_check: SecretKeyCheck
    rewrapping: Rewrapping
    id_tokens: IdTokens
    userinfo: UserInfo
    consents: ConsentService
    authorization: AuthorizationEndpoint
    pushed_requests: PushedRequests
    devices: DeviceAuthorization
    logout: Logout
    logout_delivery: LogoutDelivery

    @property
    def secret_keys(self) -> list[bytes]:
        """The current SECRET_KEY, followed by those that are still valid while it is rotated."""
        return [key.encode() for key in secret_keys(self.settings)]

    def box(self, purpose: str) -> SecretBox:
        """Return a box that seals under the current SECRET_KEY and opens with any listed key."""
        return box_for(self.settings, purpose)

    @property
    def is_https(self) -> bool:
        return self.settings.issuer_url.startswith("https://")

    async def start_threads(self) -> None:
        """Start the threads that requests need; raise `StartupError` if the system refuses."""
        await self.database.backend.start_threads()
        await self.threads.start()
        await start_threads(None, count=1)

    async def close(self) -> None:
        self.threads.close()
        if self.shared_limits is not None:
            await self.shared_limits.close()
        await self.names.close()
        await self.database.close()
