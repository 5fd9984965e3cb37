"""The composition root: settings → database → repositories → services → protocol. Built once."""

from datetime import timedelta

from app.clock import Clock
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
from app.oauth.federation.client import IdentityProviderClient
from app.oauth.grants import GRANTS
from app.oauth.grants.base import GrantTools
from app.oauth.id_tokens import IdTokens
from app.oauth.introspection import Introspection
from app.oauth.issuer import TokenIssuer
from app.oauth.logout import Logout
from app.oauth.metadata import server_metadata
from app.oauth.registration import ClientRegistration
from app.oauth.request_objects import RequestObjects
from app.oauth.revocation import Revocation
from app.oauth.userinfo import UserInfo
from app.outbound.http import OutboundHttp
from app.outbound.names import HostNames
from app.outbound.shared_limits import SharedLimits
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.known_networks import KnownNetworkRepository
from app.repositories.accounts.one_time_links import OneTimeLinkRepository
from app.repositories.accounts.sessions import SessionRepository
from app.repositories.accounts.unconfirmed_users import UnconfirmedUserRepository
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.client_origins import ClientOriginRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.clients.initial_access_tokens import InitialAccessTokenRepository
from app.repositories.factors.passkeys import PasskeyRepository
from app.repositories.factors.recovery_codes import RecoveryCodeRepository
from app.repositories.factors.trusted_browsers import TrustedBrowserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.authorization_codes import AuthorizationCodeRepository
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.repositories.oauth.consents import ConsentRepository
from app.repositories.oauth.device_codes import DeviceCodeRepository
from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.repositories.oauth.logout_notices import LogoutNoticeRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.replay_cache import ReplayCacheRepository
from app.repositories.oauth.signing_keys import SigningKeyRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.repositories.operations.attempt_rows import attempt_lookup
from app.repositories.operations.audit_checkpoints import AuditCheckpointRepository
from app.repositories.operations.audit_events import AuditRepository
from app.repositories.operations.audit_outbox import AuditOutboxRepository
from app.repositories.operations.audit_sequencing import AuditSequencingRepository
from app.repositories.operations.housekeeping import HousekeepingRepository
from app.repositories.operations.leases import LeaseRepository
from app.repositories.operations.limit_counters import LimitCounterRepository
from app.repositories.operations.mails import MailRepository
from app.repositories.operations.readiness import ReadinessRepository
from app.repositories.operations.sealed_values import SealedValueRepository
from app.security.passkeys import RelyingParty
from app.services.accounts.account_data import AccountData
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.email_verification import EmailVerification
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.notices import Notices
from app.services.accounts.one_time_links import OneTimeLinks
from app.services.accounts.password_hashing import PasswordHashing
from app.services.accounts.password_reset import PasswordReset
from app.services.accounts.sessions import SessionService
from app.services.accounts.unconfirmed_users import UnconfirmedUsers
from app.services.accounts.users import UserService
from app.services.clients.client_keys import ClientKeys
from app.services.clients.client_logos import ClientLogos
from app.services.clients.client_origins import ClientOrigins
from app.services.clients.clients import ClientService
from app.services.factors.mail_codes import MailCodes
from app.services.factors.otp import OtpService
from app.services.factors.passkey_challenges import PasskeyChallenges
from app.services.factors.passkeys import PasskeyService
from app.services.factors.recovery_codes import RecoveryCodes
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.federation.identity_providers import IdentityProviderService
from app.services.oauth.consents import ConsentService
from app.services.oauth.signing_keys import SigningKeys
from app.services.operations.audit import AuditLog
from app.services.operations.audit_archive import AuditArchive
from app.services.operations.audit_checkpoints import AuditCheckpoints
from app.services.operations.audit_sequencing import AuditSequencer
from app.services.operations.housekeeping import Housekeeping
from app.services.operations.limits import Limits
from app.services.operations.mail import MailDelivery
from app.services.operations.readiness import Readiness
from app.services.operations.rewrapping import Rewrapping
from app.settings import Settings
from app.wiring.parts import (
    AUDIT_CHECKPOINTS,
    MAIL_CODES,
    MAILS,
    OTP_SECRETS,
    PASSKEY_CHALLENGES,
    SIGNING_KEYS,
    UPSTREAM_SECRETS,
    box_for,
    database_patience,
    lifetimes,
    limit_rules,
    make_backend,
    make_key_check,
    make_outbox,
    make_password_scheme,
    make_sender,
    make_threads,
    sealed_kinds,
    secret_keys,
)
from app.wiring.services import Services


def build_services(settings: Settings, clock: Clock) -> Services:
    """Build all services; nothing connects until it is needed."""
    database = Database(make_backend(settings))
    users = UserRepository(database)
    clients = ClientRepository(database, clock)
    access_tokens = AccessTokenRepository(database)
    refresh_tokens = RefreshTokenRepository(database)
    token_families = TokenFamilyRepository(database)

    audit_events = AuditRepository(database)
    audit_checkpoints = AuditCheckpoints(
        AuditCheckpointRepository(database), box_for(settings, AUDIT_CHECKPOINTS), clock
    )
    audit = AuditLog(
        audit_events,
        AuditOutboxRepository(database),
        AuditSequencer(AuditSequencingRepository(database), clock),
        audit_checkpoints,
        clock,
    )
    host_names = HostNames()
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    shared_limits = SharedLimits(redis_url, host_names) if redis_url is not None else None
    trusted_browsers = TrustedBrowsers(
        TrustedBrowserRepository(database),
        audit,
        clock,
        lasts=timedelta(days=settings.remember_browser_days),
    )
    attempt_rows = attempt_lookup(database)
    limits = Limits(
        shared_limits or LimitCounterRepository(database, attempt_rows),
        KnownNetworkRepository(database, attempt_rows),
        trusted_browsers,
        clock,
        limit_rules(settings),
    )
    mails = MailRepository(database)
    mail_box = box_for(settings, MAILS)
    outbox = make_outbox(settings, mails, mail_box, clock)
    notices = Notices(outbox, clock)
    one_time_links = OneTimeLinks(OneTimeLinkRepository(database), clock)
    known_networks = KnownNetworks(
        users, one_time_links, outbox, limits, audit, clock, issuer=settings.issuer_url
    )
    threads = make_threads(settings)
    hashing = PasswordHashing(make_password_scheme(settings), threads)
    otp_box = box_for(settings, OTP_SECRETS)
    otp = OtpService(
        users,
        otp_box,
        threads,
        limits,
        known_networks,
        audit,
        notices,
        clock,
        issuer=settings.otp_label,
    )
    authentication = AuthenticationService(
        users, hashing, otp, limits, known_networks, audit, notices, otp_policy=settings.otp_policy
    )
    client_service = ClientService(
        clients,
        InitialAccessTokenRepository(database),
        audit,
        clock,
        requires_pkce=settings.pkce == "all",
    )

    outbound = OutboundHttp(
        settings.outbound_allowed_hosts, settings.outbound_ca_file, names=host_names
    )
    client_keys = ClientKeys(outbound, clock)
    signing_keys = SigningKeys(
        SigningKeyRepository(database),
        box_for(settings, SIGNING_KEYS),
        audit,
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
    token_issuer = TokenIssuer(
        access_tokens, refresh_tokens, token_families, id_tokens, clock, lifetimes(settings)
    )
    authorization_codes = AuthorizationCodeRepository(database)
    device_codes = DeviceCodeRepository(database)
    grant_tools = GrantTools(
        token_issuer,
        authentication,
        refresh_tokens,
        token_families,
        authorization_codes,
        device_codes,
        users,
        sessions,
        clock,
    )
    auth_tools = ClientAuthTools(
        client_keys, ReplayCacheRepository(database), clock, settings.issuer_url
    )
    authenticator = ClientAuthenticator(
        clients, [method(auth_tools) for method in CLIENT_AUTH_METHODS], limits
    )
    user_service = UserService(
        users,
        hashing,
        otp,
        authentication,
        sessions,
        clock,
        audit,
        notices,
        refuses_common_passwords=settings.is_production,
    )
    consents = ConsentService(ConsentRepository(database), clock, audit)
    logout_delivery = LogoutDelivery(
        LogoutNoticeRepository(database), clients, users, id_tokens, outbound, clock
    )
    recovery_codes = RecoveryCodes(RecoveryCodeRepository(database), otp, audit, notices, clock)
    passkeys = PasskeyService(
        PasskeyRepository(database),
        users,
        PasskeyChallenges(
            ReplayCacheRepository(database), box_for(settings, PASSKEY_CHALLENGES), clock
        ),
        limits,
        audit,
        clock,
        party=RelyingParty.of(settings.issuer_url, name=settings.brand_name),
    )
    authorization_requests = AuthorizationRequestRepository(database)
    prompts = prompts_here(registration_is_open=settings.registration_is_open)
    request_parser = RequestParser(
        issuer=settings.issuer_url, requires_pkce=settings.pkce == "all", prompts=prompts
    )
    request_sources = RequestSources(
        clients,
        authorization_requests,
        RequestObjects(client_keys, outbound, clock, issuer=settings.issuer_url),
        request_parser,
        limits,
        clock,
    )
    key_check = make_key_check(settings, database)
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        audit=audit,
        audit_archive=AuditArchive(audit_events, audit_checkpoints, audit),
        limits=limits,
        names=host_names,
        known_networks=known_networks,
        shared_limits=shared_limits,
        readiness=Readiness(
            ReadinessRepository(database), clock, timeout=database_patience(settings)
        ),
        notices=notices,
        threads=threads,
        users=user_service,
        account_data=AccountData(
            AccountRepository(database), clients, sessions, consents, audit, notices, clock
        ),
        links=one_time_links,
        email_verification=EmailVerification(
            users, one_time_links, outbox, limits, audit, notices, issuer=settings.issuer_url
        ),
        password_reset=PasswordReset(
            users,
            user_service,
            one_time_links,
            outbox,
            limits,
            audit,
            notices,
            clock,
            issuer=settings.issuer_url,
        ),
        mail_delivery=MailDelivery(
            mails, mail_box, make_sender(settings, host_names), clock, outbox.filled
        )
        if outbox is not None
        else None,
        otp=otp,
        recovery=recovery_codes,
        mail_codes=MailCodes(
            passkeys=passkeys,
            recovery=recovery_codes,
            spent=ReplayCacheRepository(database),
            box=box_for(settings, MAIL_CODES),
            outbox=outbox,
            limits=limits,
            audit=audit,
            notices=notices,
            clock=clock,
        ),
        trusted_browsers=trusted_browsers,
        identity_providers=IdentityProviderService(
            IdentityProviderRepository(database),
            users,
            ReplayCacheRepository(database),
            box_for(settings, UPSTREAM_SECRETS),
            audit,
            notices,
            clock,
            is_production=settings.is_production,
        ),
        provider_client=IdentityProviderClient(
            allowed_hosts=settings.outbound_allowed_hosts,
            ca_file=settings.outbound_ca_file,
            clock=clock,
            names=host_names,
        ),
        passkeys=passkeys,
        clients=client_service,
        registration=ClientRegistration(client_service, outbound, is_strict=settings.is_production),
        client_logos=ClientLogos(outbound, clock),
        client_origins=ClientOrigins(ClientOriginRepository(database), clock),
        dispatcher=GrantDispatcher(authenticator, [grant(grant_tools) for grant in GRANTS], limits),
        bearer=BearerTokens(access_tokens, clock),
        introspection=Introspection(
            authenticator, access_tokens, refresh_tokens, clock, issuer=settings.issuer_url
        ),
        revocation=Revocation(authenticator, access_tokens, token_families, clock),
        metadata=server_metadata(
            settings.issuer_url,
            has_docs=settings.docs,
            prompts=prompts,
            has_registration=settings.dynamic_registration_mode != "off",
        ),
        housekeeping=Housekeeping(
            HousekeepingRepository(database),
            LeaseRepository(database),
            clock,
            ended_tokens=EndedTokenRepository(database, access_lifetime=lifetimes(settings).access),
            interval=settings.housekeeping_interval,
            rotate_keys=signing_keys.rotate_old,
            others=(
                UnconfirmedUsers(
                    UnconfirmedUserRepository(database),
                    audit,
                    clock,
                    kept_for=timedelta(days=settings.unconfirmed_user_days),
                ).delete_due,
            ),
        ),
        sessions=sessions,
        authentication=authentication,
        outbound=outbound,
        signing_keys=signing_keys,
        secret_key_check=key_check,
        rewrapping=Rewrapping(
            SealedValueRepository(database),
            sealed_kinds(secret_keys(settings)),
            key_check,
            audit,
        ),
        id_tokens=id_tokens,
        userinfo=UserInfo(users, clients, token_families, signing_keys, issuer=settings.issuer_url),
        consents=consents,
        authorization=AuthorizationEndpoint(
            request_sources,
            request_parser,
            Interactions(consents, id_tokens, clock),
            consents,
            authorization_requests,
            authorization_codes,
            limits,
            clock,
            code_ttl=timedelta(seconds=settings.authorization_code_ttl),
        ),
        devices=DeviceAuthorization(
            authenticator,
            clients,
            device_codes,
            consents,
            limits,
            audit,
            clock,
            issuer=settings.issuer_url,
            ttl=timedelta(seconds=settings.device_code_ttl),
        ),
        logout=Logout(clients, id_tokens, sessions, logout_delivery, issuer=settings.issuer_url),
        logout_delivery=logout_delivery,
        pushed_requests=PushedRequests(
            authenticator, request_sources, request_parser, authorization_requests, limits, clock
        ),
    )
