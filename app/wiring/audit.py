"""The audit log."""

from app.clock import Clock
from app.database.database import Database
from app.repositories.operations.audit_checkpoints import AuditCheckpointRepository
from app.repositories.operations.audit_events import AuditEventRepository
from app.repositories.operations.audit_outbox import AuditOutboxRepository
from app.repositories.operations.audit_sequencing import AuditSequencingRepository
from app.security.purposes import Purpose
from app.services.operations.activity import ActivityCollector
from app.services.operations.audit import AuditLog
from app.services.operations.audit_checkpoints import AuditCheckpoints
from app.services.operations.audit_sequencing import AuditSequencer
from app.services.operations.webhook_events import events_of
from app.settings import Settings
from app.wiring.secret_boxes import box_for


def build_audit(
    settings: Settings, clock: Clock, *, database: Database, activity: ActivityCollector
) -> AuditLog:
    return AuditLog(
        audit_event_repository=AuditEventRepository(database),
        audit_outbox_repository=AuditOutboxRepository(database),
        sequencer=AuditSequencer(
            audit_sequencing_repository=AuditSequencingRepository(database),
            webhook_events_of=events_of,
            clock=clock,
        ),
        checkpoints=AuditCheckpoints(
            audit_checkpoint_repository=AuditCheckpointRepository(database),
            box=box_for(settings, Purpose.AUDIT_CHECKPOINTS),
            clock=clock,
        ),
        activity=activity,
        clock=clock,
    )
