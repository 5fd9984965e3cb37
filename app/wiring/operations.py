"""What keeps the server running: readiness, housekeeping, keys and archives."""

from dataclasses import dataclass
from datetime import timedelta

from app.repositories.accounts.missing_users import MissingUserRepository
from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.repositories.operations.audit_events import AuditEventRepository
from app.repositories.operations.housekeeping import HousekeepingRepository
from app.repositories.operations.key_checks import KeyCheckRepository
from app.repositories.operations.leases import LeaseRepository
from app.repositories.operations.readiness import ReadinessRepository
from app.repositories.operations.sealed_values import SealedValueRepository
from app.security.encryption import SecretBox
from app.security.purposes import Purpose
from app.services.accounts.missing_users import MissingUsers
from app.services.operations.audit_archive import AuditArchive
from app.services.operations.audit_retention import AuditRetention
from app.services.operations.housekeeping import Housekeeping
from app.services.operations.readiness import Readiness
from app.services.operations.rewrapping import Rewrapping
from app.services.operations.secret_key_check import ListedKey, SecretKeyCheck
from app.wiring.accounts import Accounts
from app.wiring.activity import Activity, build_activity
from app.wiring.backends import database_patience
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.oauth import OAuth
from app.wiring.secret_boxes import sealed_kinds, secret_keys
from app.wiring.webhooks import Webhooks, build_webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    readiness: Readiness
    housekeeping: Housekeeping
    audit_archive: AuditArchive
    secret_key_check: SecretKeyCheck
    rewrapping: Rewrapping
    webhooks: Webhooks
    activity: Activity


def build_operations(
    core: Core, *, accounts: Accounts, clients: Clients, oauth: OAuth
) -> Operations:
    sealed_value_repository = SealedValueRepository(core.database)
    secret_key_check = _build_secret_key_check(core, sealed_value_repository)
    audit_event_repository = AuditEventRepository(core.database)
    audit_archive = AuditArchive(
        audit_event_repository=audit_event_repository,
        checkpoints=core.audit.checkpoints,
        audit=core.audit,
    )
    audit_retention = AuditRetention(
        audit_archive=audit_archive,
        audit_event_repository=audit_event_repository,
        audit=core.audit,
        clock=core.clock,
        directory=core.settings.audit_archive_dir,
        days=core.settings.audit_retention_days,
    )
    activity = build_activity(core)
    return Operations(
        readiness=Readiness(
            ReadinessRepository(core.database),
            core.clock,
            timeout=database_patience(core.settings),
        ),
        housekeeping=Housekeeping(
            housekeeping_repository=HousekeepingRepository(core.database),
            lease_repository=LeaseRepository(core.database),
            ended_token_repository=EndedTokenRepository(
                core.database, access_lifetime=timedelta(seconds=core.settings.access_token_ttl)
            ),
            clock=core.clock,
            interval=core.settings.housekeeping_interval,
            rotate_keys=oauth.signing_keys.rotate_old,
            others=(
                audit_retention.archive_due,
                accounts.unconfirmed_users.delete_due,
                accounts.user_search.index_due,
                clients.client_search.index_due,
                clients.client_document_repository.evict,
                MissingUsers(MissingUserRepository(core.database)).delete_due,
                activity.refusals.delete_surplus,
                activity.counts.delete_old,
            ),
        ),
        audit_archive=audit_archive,
        secret_key_check=secret_key_check,
        rewrapping=Rewrapping(
            sealed_value_repository=sealed_value_repository,
            boxes=sealed_kinds(secret_keys(core.settings)),
            key_check=secret_key_check,
            audit=core.audit,
        ),
        webhooks=build_webhooks(core),
        activity=activity,
    )


def _build_secret_key_check(
    core: Core, sealed_value_repository: SealedValueRepository
) -> SecretKeyCheck:
    """Return the check of SECRET_KEY.

    Each listed key gets its own boxes, since the check has to know which of them is in use.
    """
    return SecretKeyCheck(
        key_check_repository=KeyCheckRepository(core.database),
        sealed_value_repository=sealed_value_repository,
        keys=[
            ListedKey(SecretBox([secret], purpose=Purpose.KEY_CHECK), sealed_kinds([secret]))
            for secret in secret_keys(core.settings)
        ],
        is_new=core.settings.secret_key_is_new,
    )
