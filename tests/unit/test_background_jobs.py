"""Background jobs are supervised, and background loops survive errors and end in order."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from app.concurrency import background_jobs
from app.concurrency.background_jobs import BackgroundJobs
from app.concurrency.background_loop import BackgroundLoop, wait_for_event
from app.errors import DatabaseUnavailableError
from tests.support.waiting import eventually


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The records of the supervised jobs, wherever other tests let Postern's loggers write."""
    logger = logging.getLogger("postern.concurrency.background_jobs")
    logger.addHandler(caplog.handler)
    logger.propagate = False
    yield caplog
    logger.removeHandler(caplog.handler)
    logger.propagate = True


class Runs:
    """A job that raises the first `errors` times."""

    def __init__(self, *, errors: int) -> None:
        self._errors = errors
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        if self.count <= self._errors:
            raise ValueError("a bug")


async def test_a_job_that_raises_is_logged_and_restarted(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_jobs, "RESTART_SECONDS", 0.0)
    jobs, run = BackgroundJobs(), Runs(errors=2)

    jobs.start(run, name="sweeping", restarts=True)
    await eventually(lambda: run.count == 3)
    await jobs.stop()

    failures = [each for each in log.records if each.levelno == logging.ERROR]
    assert len(failures) == 2
    assert all("'sweeping' failed: restarting" in each.getMessage() for each in failures)
    assert all(each.exc_info for each in failures)


async def test_a_job_without_restarts_is_logged_and_ends(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_jobs, "RESTART_SECONDS", 0.0)
    jobs, run = BackgroundJobs(), Runs(errors=1)

    jobs.start(run, name="one check", restarts=False)
    await eventually(lambda: bool(log.records))
    await asyncio.sleep(0.02)
    await jobs.stop()

    assert run.count == 1
    assert "it is not restarted" in log.text


async def test_a_job_that_returned_is_not_run_again(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_jobs, "RESTART_SECONDS", 0.0)
    jobs, run = BackgroundJobs(), Runs(errors=0)

    jobs.start(run, name="one check", restarts=True)
    await eventually(lambda: run.count == 1)
    await asyncio.sleep(0.02)
    await jobs.stop()

    assert run.count == 1
    assert not log.records


async def test_stopping_waits_until_every_job_has_ended() -> None:
    jobs, ended = BackgroundJobs(), []

    async def run() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append(True)

    jobs.start(run, name="first", restarts=True)
    jobs.start(run, name="second", restarts=False)
    await asyncio.sleep(0)
    await jobs.stop()

    assert ended == [True, True]


class Loop(BackgroundLoop):
    """A loop whose passes end as the test wants."""

    def __init__(self, *, errors: list[Exception], cancels: bool = False) -> None:
        super().__init__(
            logging.getLogger("postern.concurrency.background_jobs"),
            unavailable="it is waiting",
            failed="it failed",
        )
        self._errors = errors
        self._cancels = cancels
        self.begun = self.ended = 0
        self.may_end = asyncio.Event()

    async def _wait(self) -> None:
        await asyncio.sleep(0)

    async def _pass(self) -> None:
        self.begun += 1
        if self._errors:
            raise self._errors.pop(0)
        await self.may_end.wait()
        self.ended += 1

    def _on_stop(self, current_pass: asyncio.Task[None]) -> None:
        if self._cancels:
            current_pass.cancel()
        else:
            self.may_end.set()


async def test_a_pass_that_fails_is_logged_and_the_next_one_runs(
    log: pytest.LogCaptureFixture,
) -> None:
    loop = Loop(errors=[DatabaseUnavailableError(), ValueError("a bug")])
    run = asyncio.create_task(loop.run_forever())

    await eventually(lambda: loop.begun == 3)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    assert [(each.levelname, each.getMessage()) for each in log.records] == [
        ("WARNING", "it is waiting"),
        ("ERROR", "it failed"),
    ]


@pytest.mark.parametrize(("cancels", "ended"), [(False, 1), (True, 0)])
async def test_a_pass_in_progress_is_completed_unless_the_loop_cancels_it(
    cancels: bool, ended: int
) -> None:
    loop = Loop(errors=[], cancels=cancels)
    run = asyncio.create_task(loop.run_forever())
    await eventually(lambda: loop.begun == 1)

    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    assert run.cancelled()
    assert (loop.begun, loop.ended) == (1, ended)


async def test_waiting_for_an_event_ends_when_it_is_set_or_after_its_time() -> None:
    event = asyncio.Event()
    await wait_for_event(event, at_most=0.01)

    event.set()

    async with asyncio.timeout(30):
        await wait_for_event(event, at_most=3600)
