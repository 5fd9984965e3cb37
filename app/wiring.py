"""The composition root: settings → database → repositories → services → standards. Built once."""

from dataclasses import dataclass
from datetime import timedelta

from app.clock import Clock
from app.database.backends import Backend, PostgresBackend, SqliteBackend
from app.database.database import Database
from app.oauth.authorization.endpoint import AuthorizationEndpoint
from app.oauth.authorization.interactions import Interactions
from app.oauth.authorization.pushed import PushedRequests
from app.oauth.authorization.requests import RequestParser, prompts_here
from app.oauth.authorization.sources import RequestSources
from app.oauth.backchannel_logout import LogoutDelivery
from app.oauth.bearer import BearerTokens
from app.oauth.client_auth import CLIENT_AUTH_METHODS
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.client_auth.base import ClientAuthTools
from app.oauth.device import DeviceAuthorization
from app.oauth.dispatcher import GrantDispatcher
from app.oauth.grants import GRANTS
from app.oauth.grants.base import GrantTools
from app.oauth.id_tokens import IdTokens
from app.oauth.introspection import Introspection
from app.oauth.issuer import Issuer, Lifetimes
from app.oauth.logout import Logout
from app.oauth.metadata import server_metadata
from app.oauth.registration import ClientRegistration
from app.oauth.request_objects import RequestObjects
from app.oauth.revocation import Revocation
from app.oauth.userinfo import UserInfo
from app.outbound.http import OutboundHttp
from app.repositories.access_tokens import AccessTokenRepository
from app.repositories.audit_events import AuditRepository
from app.repositories.authorization_codes import AuthorizationCodeRepository
from app.repositories.authorization_requests import AuthorizationRequestRepository
from app.repositories.client_origins import ClientOriginRepository
from app.repositories.clients import ClientRepository
from app.repositories.consents import ConsentRepository
from app.repositories.device_codes import DeviceCodeRepository
from app.repositories.housekeeping import HousekeepingRepository
from app.repositories.initial_access_tokens import InitialAccessTokenRepository
from app.repositories.known_addresses import KnownAddressRepository
from app.repositories.limit_counters import LimitCounterRepository
from app.repositories.logout_notices import LogoutNoticeRepository
from app.repositories.refresh_tokens import RefreshTokenRepository
from app.repositories.sessions import SessionRepository
from app.repositories.signing_keys import SigningKeyRepository
from app.repositories.spent_identifiers import SpentIdentifierRepository
from app.repositories.token_families import TokenFamilyRepository
from app.repositories.users import UserRepository
from app.schemas.metadata import ServerMetadata
from app.security.encryption import SecretBox
from app.security.passwords import PasswordScheme
from app.services.audit import AuditLog
from app.services.authentication import AuthenticationService
from app.services.bounded_threads import BoundedThreads
from app.services.client_keys import ClientKeys
from app.services.client_logos import ClientLogos
from app.services.client_origins import ClientOrigins
from app.services.clients import ClientService
from app.services.consents import ConsentService
from app.services.housekeeping import Housekeeping
from app.services.limits import Limits, Rules
from app.services.notices import Notices
from app.services.otp import OtpService
from app.services.password_hashing import PasswordHashing
from app.services.sessions import SessionService
from app.services.signing_keys import SigningKeys
from app.services.users import UserService
from app.settings import Settings, sqlite_path

# Part of the derivation of keys: with another word, what is stored could not be opened.
OTP_SECRETS = "otp secrets"
SIGNING_KEYS = "signing keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that lives as long as the server."""

    settings: Settings
    clock: Clock
    database: Database
    audit: AuditLog
    limits: Limits
    notices: Notices
    threads: BoundedThreads
    users: UserService
    otp: OtpService
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
    id_tokens: IdTokens
    userinfo: UserInfo
    consents: ConsentService
    authorization: AuthorizationEndpoint
    pushed_requests: PushedRequests
    devices: DeviceAuthorization
    logout: Logout
    logout_delivery: LogoutDelivery

    @property
    def secret_key(self) -> bytes:
        """Today's SECRET_KEY, from which keys are derived."""
        return _secret_keys(self.settings)[0].encode()

    @property
    def is_https(self) -> bool:
        return self.settings.issuer_url.startswith("https://")

    async def close(self) -> None:
        self.threads.close()
        await self.database.close()


def build_services(settings: Settings, clock: Clock | None = None) -> Services:
    """Builds the parts; nothing connects before it is needed."""
    clock = clock or Clock()
    database = Database(make_backend(settings))
    users = UserRepository(database)
    clients = ClientRepository(database, clock)
    access_tokens = AccessTokenRepository(database)
    refresh_tokens = RefreshTokenRepository(database)
    families = TokenFamilyRepository(database)

    audit = AuditLog(AuditRepository(database), clock)
    limits = Limits(
        LimitCounterRepository(database), KnownAddressRepository(database), clock, _rules(settings)
    )
    notices = Notices()
    threads = _make_threads(settings)
    hashing = PasswordHashing(_make_password_scheme(settings), threads)
    box = SecretBox(_secret_keys(settings), purpose=OTP_SECRETS)
    otp = OtpService(users, box, threads, clock, issuer=settings.otp_issuer)
    authentication = AuthenticationService(users, hashing, otp, otp_policy=settings.otp_policy)
    client_service = ClientService(clients, InitialAccessTokenRepository(database), clock)

    outbound = OutboundHttp(settings.outbound_allowed_hosts, settings.outbound_ca_file)
    client_keys = ClientKeys(outbound, clock)
    signing_keys = SigningKeys(
        SigningKeyRepository(database),
        SecretBox(_secret_keys(settings), purpose=SIGNING_KEYS),
        clock,
        max_age=timedelta(seconds=settings.signing_key_max_age),
        token_ttl=timedelta(seconds=settings.id_token_ttl),
    )
    id_tokens = IdTokens(
        signing_keys,
        clock,
        issuer=settings.issuer_url,
        ttl=timedelta(seconds=settings.id_token_ttl),
    )
    sessions = SessionService(
        SessionRepository(database), clock, ttl=timedelta(seconds=settings.session_ttl)
    )
    issuer = Issuer(access_tokens, refresh_tokens, families, id_tokens, clock, _lifetimes(settings))
    codes = AuthorizationCodeRepository(database)
    device_codes = DeviceCodeRepository(database)
    tools = GrantTools(
        issuer,
        authentication,
        refresh_tokens,
        families,
        codes,
        device_codes,
        users,
        sessions,
        clock,
    )
    auth_tools = ClientAuthTools(
        client_keys, SpentIdentifierRepository(database), clock, settings.issuer_url
    )
    authenticator = ClientAuthenticator(
        clients, [method(auth_tools) for method in CLIENT_AUTH_METHODS]
    )
    consents = ConsentService(ConsentRepository(database), clock)
    logout_delivery = LogoutDelivery(
        LogoutNoticeRepository(database), clients, users, id_tokens, outbound, clock
    )
    requests = AuthorizationRequestRepository(database)
    prompts = prompts_here(registration_is_open=settings.registration_is_open)
    parser = RequestParser(
        issuer=settings.issuer_url, requires_pkce=settings.pkce == "all", prompts=prompts
    )
    sources = RequestSources(
        clients,
        requests,
        RequestObjects(client_keys, outbound, clock, issuer=settings.issuer_url),
        parser,
        clock,
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        audit=audit,
        limits=limits,
        notices=notices,
        threads=threads,
        users=UserService(
            users,
            hashing,
            otp,
            authentication,
            sessions,
            clock,
            refuses_common_passwords=settings.is_production,
        ),
        otp=otp,
        clients=client_service,
        registration=ClientRegistration(client_service, outbound, is_strict=settings.is_production),
        client_logos=ClientLogos(outbound, clock),
        client_origins=ClientOrigins(ClientOriginRepository(database), clock),
        dispatcher=GrantDispatcher(authenticator, [grant(tools) for grant in GRANTS]),
        bearer=BearerTokens(access_tokens, clock),
        introspection=Introspection(
            authenticator, access_tokens, refresh_tokens, clock, issuer=settings.issuer_url
        ),
        revocation=Revocation(authenticator, access_tokens, families, clock),
        metadata=server_metadata(
            settings.issuer_url,
            has_docs=settings.docs,
            prompts=prompts,
            has_registration=settings.dynamic_registration_mode != "off",
        ),
        housekeeping=Housekeeping(
            HousekeepingRepository(database),
            clock,
            interval=settings.housekeeping_interval,
            rotate_keys=signing_keys.rotate_old,
        ),
        sessions=sessions,
        authentication=authentication,
        outbound=outbound,
        signing_keys=signing_keys,
        id_tokens=id_tokens,
        userinfo=UserInfo(users, clients, families, signing_keys, issuer=settings.issuer_url),
        consents=consents,
        authorization=AuthorizationEndpoint(
            sources,
            parser,
            Interactions(consents, id_tokens, clock),
            consents,
            requests,
            codes,
            clock,
            code_ttl=timedelta(seconds=settings.authorization_code_ttl),
        ),
        devices=DeviceAuthorization(
            authenticator,
            clients,
            device_codes,
            consents,
            clock,
            issuer=settings.issuer_url,
            ttl=timedelta(seconds=settings.device_code_ttl),
        ),
        logout=Logout(clients, id_tokens, sessions, logout_delivery, issuer=settings.issuer_url),
        logout_delivery=logout_delivery,
        pushed_requests=PushedRequests(authenticator, sources, parser, requests, clock),
    )


def make_backend(settings: Settings) -> Backend:
    """The database that DATABASE_URL names."""
    path = sqlite_path(settings.database_url)
    if path is None:
        return PostgresBackend(
            settings.database_url,
            pool_size=settings.database_pool_size,
            timeout=settings.database_timeout,
        )
    return SqliteBackend(
        path,
        pool_size=settings.database_pool_size,
        busy_timeout=settings.sqlite_busy_timeout,
        synchronous=settings.sqlite_synchronous,
    )


def _make_threads(settings: Settings) -> BoundedThreads:
    return BoundedThreads(threads=settings.password_thread_count, queue=settings.password_queue)


def _make_password_scheme(settings: Settings) -> PasswordScheme:
    return PasswordScheme(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
    )


def _rules(settings: Settings) -> Rules:
    return Rules.of(
        login=settings.login_limit,
        login_address=settings.login_limit_address,
        code=settings.code_limit,
        token_error=settings.token_error_limit,
        registration=settings.registrations_per_hour,
    )


def _secret_keys(settings: Settings) -> list[str]:
    """Today's key first, then those whose sealed values can still be opened."""
    keys = [settings.secret_key] if settings.secret_key is not None else []
    return [key.get_secret_value() for key in (*keys, *settings.secret_key_previous)]


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(
        access=timedelta(seconds=settings.access_token_ttl),
        refresh=timedelta(seconds=settings.refresh_token_ttl),
        family=timedelta(seconds=settings.refresh_token_max_ttl),
    )
