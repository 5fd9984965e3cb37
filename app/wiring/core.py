"""What several capabilities share: the settings, the database, audit, limits, mail, outbound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial

from app.clock import Clock
from app.concurrency.bounded_threads import BoundedThreads, SignatureThreads
from app.database.database import Database
from app.oauth.client_auth.base import CertificateSources
from app.outbound.http import OutboundHttp
from app.outbound.names import HostNames
from app.outbound.shared_limits import SharedLimits
from app.repositories.accounts.entitlements import EntitlementRepository
from app.repositories.accounts.one_time_links import OneTimeLinkRepository
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.factors.trusted_browsers import TrustedBrowserRepository
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security.encryption import SecretBox
from app.security.purposes import Purpose
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.notices import Notices
from app.services.accounts.one_time_links import OneTimeLinks
from app.services.clients.certificate_authorities import CertificateAuthorities
from app.services.clients.fapi import FAPI2, FapiProfile
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.operations.activity import ActivityCollector
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits
from app.services.operations.links import Links
from app.services.operations.mail import MailDelivery, Outbox
from app.services.operations.mail_queue import MailQueue
from app.services.operations.mail_test import MailTest
from app.services.operations.registration_policy import RegistrationPolicy
from app.settings import Settings
from app.wiring.audit import build_audit
from app.wiring.backends import make_backend
from app.wiring.limits import build_limits
from app.wiring.mail import build_mail
from app.wiring.secret_boxes import box_for, secret_keys

SIGNATURE_QUEUE = 500
"""RSA signatures that wait at most, which is about half a second of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What several capabilities share; nothing connects until it is needed.

    `secret_keys` are the current SECRET_KEY and those that are still valid while it is rotated.
    `box` returns the box for a purpose, which seals under the current key and opens with any.
    """

    settings: Settings
    secret_keys: Sequence[bytes]
    box: Callable[[Purpose], SecretBox]
    is_https: bool
    clock: Clock
    database: Database
    threads: BoundedThreads
    signature_threads: SignatureThreads
    host_names: HostNames
    outbound: OutboundHttp
    links: Links
    registration_policy: RegistrationPolicy
    activity: ActivityCollector
    audit: AuditLog
    outbox: Outbox | None
    mail_delivery: MailDelivery | None
    mail_queue: MailQueue
    mail_test: MailTest
    notices: Notices
    shared_limits: SharedLimits | None
    limits: Limits
    one_time_links: OneTimeLinks
    known_networks: KnownNetworks
    trusted_browsers: TrustedBrowsers
    entitlements: EntitlementService
    user_repository: UserRepository
    client_repository: ClientRepository
    replay_cache_repository: ReplayCacheRepository
    fapi: FapiProfile
    certificate_sources: CertificateSources
    certificate_authorities: CertificateAuthorities


def build_core(settings: Settings, clock: Clock) -> Core:
    database = Database(make_backend(settings))
    host_names = HostNames()
    links = Links(settings.issuer_url, settings.mtls_base_url(settings.issuer_url))
    activity = ActivityCollector(clock, keeps_refusals=settings.refusals_kept > 0)
    audit = build_audit(settings, clock, database=database, activity=activity)
    user_repository = UserRepository(database)
    mail = build_mail(settings, clock, database=database, host_names=host_names)
    one_time_links = OneTimeLinks(OneTimeLinkRepository(database), clock)
    trusted_browsers = TrustedBrowsers(
        trusted_browser_repository=TrustedBrowserRepository(database),
        audit=audit,
        clock=clock,
        lasts=timedelta(days=settings.remember_browser_days),
    )
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    shared_limits = SharedLimits(redis_url, host_names) if redis_url is not None else None
    limits = build_limits(
        settings,
        clock,
        database=database,
        shared_limits=shared_limits,
        trusted_browsers=trusted_browsers,
    )
    return Core(
        settings=settings,
        fapi=FapiProfile(holds_for_all=settings.profile == FAPI2),
        certificate_sources=CertificateSources(
            by_header=settings.mtls_header_format is not None,
            by_port=settings.mtls_port is not None,
            has_authorities=settings.mtls_ca_file is not None,
        ),
        certificate_authorities=CertificateAuthorities(settings.mtls_ca_file),
        box=cache(partial(box_for, settings)),
        secret_keys=[key.encode() for key in secret_keys(settings)],
        is_https=settings.issuer_url.startswith("https://"),
        clock=clock,
        database=database,
        threads=BoundedThreads(
            threads=settings.password_thread_count, queue=settings.password_queue
        ),
        signature_threads=SignatureThreads(threads=1, queue=SIGNATURE_QUEUE),
        host_names=host_names,
        outbound=OutboundHttp(
            allowed_hosts=settings.outbound_allowed_hosts,
            ca_file=settings.outbound_ca_file,
            host_names=host_names,
        ),
        links=links,
        registration_policy=RegistrationPolicy(
            is_open_to_users=settings.registration_is_open,
            is_open_to_clients=settings.client_creation_is_open,
            dynamic_registration=settings.dynamic_registration_mode,
        ),
        activity=activity,
        audit=audit,
        outbox=mail.outbox,
        mail_delivery=mail.delivery,
        mail_queue=mail.queue,
        mail_test=mail.test,
        notices=Notices(mail.outbox, clock),
        shared_limits=shared_limits,
        limits=limits,
        one_time_links=one_time_links,
        known_networks=KnownNetworks(
            user_repository=user_repository,
            one_time_links=one_time_links,
            outbox=mail.outbox,
            limits=limits,
            audit=audit,
            links=links,
            clock=clock,
        ),
        trusted_browsers=trusted_browsers,
        entitlements=EntitlementService(EntitlementRepository(database)),
        user_repository=user_repository,
        client_repository=ClientRepository(database),
        replay_cache_repository=ReplayCacheRepository(database),
    )
