"""Refusals and counts: their look-up, and the job that writes them."""

from dataclasses import dataclass

from app.repositories.operations.activity import ActivityRepository
from app.repositories.operations.refusals import RefusalRepository
from app.services.operations.activity_writing import ActivityWriter
from app.services.operations.refusals import ActivityService, RefusalService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    refusals: RefusalService
    counts: ActivityService
    writer: ActivityWriter


def build_activity(core: Core) -> Activity:
    activity_repository = ActivityRepository(core.database)
    return Activity(
        refusals=RefusalService(RefusalRepository(core.database), kept=core.settings.refusals_kept),
        counts=ActivityService(activity_repository),
        writer=ActivityWriter(
            activity_repository=activity_repository, collector=core.activity, clock=core.clock
        ),
    )
