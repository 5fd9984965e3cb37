"""The supervisor's decisions, with workers that do what a test says and time that it moves."""

import errno
import logging

import pytest

from app.server.silence import Activity, Silence
from app.server.slots import Kind
from app.server.supervisor import Supervisor

LOGGER = "postern"


class FakeWorker:
    def __init__(self, pid: int, kind: Kind) -> None:
        self.pid = pid
        self.kind = kind
        self.ready_at: float | None = None
        self.code: int | None = None
        self.hangs: str | None = None
        self.told: list[str] = []

    def channel(self) -> int | None:
        return None

    def exit_code(self) -> int | None:
        return self.code

    def hear(self) -> None:
        return

    def why_it_hangs(self) -> str | None:
        return self.hangs

    def stop(self) -> None:
        self.told.append("stop")

    def kill(self) -> None:
        self.told.append("kill")

    def close(self) -> None:
        self.told.append("close")


class Stage:
    """A supervisor of two workers, everything it has started, and its clock."""

    def __init__(self) -> None:
        self.time = 0.0
        self.started: list[FakeWorker] = []
        self.events: list[str] = []
        self.refuses = False
        self.supervisor = Supervisor(
            self._start,
            count=2,
            graceful_timeout=10,
            close_listener=lambda: self.events.append("closed"),
            now=lambda: self.time,
        )

    def _start(self, kind: Kind) -> FakeWorker:
        if self.refuses:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        self.started.append(FakeWorker(100 + len(self.started), kind))
        return self.started[-1]

    def pass_time(self, seconds: float) -> int | None:
        self.time += seconds
        return self.supervisor.tick()

    def make_ready(self, *workers: FakeWorker) -> None:
        for worker in workers:
            worker.ready_at = self.time
        self.pass_time(0)

    def both_serving(self) -> tuple[FakeWorker, FakeWorker]:
        self.pass_time(0)
        self.make_ready(self.started[0])
        self.make_ready(self.started[1])
        return self.started[0], self.started[1]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(logging.getLogger(LOGGER), "propagate", True)
    return Stage()


def test_the_second_worker_starts_once_the_first_is_ready(stage: Stage) -> None:
    stage.pass_time(0)
    assert [worker.kind for worker in stage.started] == [Kind.FIRST]

    stage.pass_time(600)
    assert len(stage.started) == 1

    stage.make_ready(stage.started[0])
    assert [worker.kind for worker in stage.started] == [Kind.FIRST, Kind.FURTHER]


@pytest.mark.parametrize(("code", "expected"), [(2, 2), (1, 1), (3, 1)])
def test_a_first_worker_that_refuses_to_start_ends_the_server(
    stage: Stage, code: int, expected: int
) -> None:
    stage.pass_time(0)
    stage.started[0].code = code

    assert stage.pass_time(0) == expected


def test_a_first_worker_that_is_killed_is_restarted(stage: Stage) -> None:
    stage.pass_time(0)
    stage.started[0].code = -9

    assert stage.pass_time(0) is None
    assert stage.pass_time(0.5) is None
    assert [worker.kind for worker in stage.started] == [Kind.FIRST, Kind.FIRST]


@pytest.mark.parametrize("code", [0, 1, 2, -9])
def test_the_exit_of_a_worker_after_startup_does_not_stop_the_server(
    stage: Stage, code: int
) -> None:
    stage.both_serving()

    for _ in range(50):
        for worker in stage.started:
            worker.code = code
        assert stage.pass_time(30) is None

    assert len(stage.started) >= 50


def test_the_death_of_a_worker_and_its_restart_are_logged_as_warnings(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = stage.both_serving()
    stage.pass_time(60)
    caplog.clear()
    first.code = -9

    stage.pass_time(0)

    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("WARNING", "worker 100 died (exit code -9): starting another one"),
        ("WARNING", "worker 102 started in place of 100"),
    ]


def test_the_restart_delay_doubles_up_to_30_seconds_while_workers_die_before_ready(
    stage: Stage,
) -> None:
    first, second = stage.both_serving()
    stage.pass_time(60)
    first.code = 1
    stage.pass_time(0)
    pauses = []

    for _ in range(8):
        stage.started[-1].code = 1
        count, since = len(stage.started), stage.time
        while len(stage.started) == count:
            stage.pass_time(0.125)
        pauses.append(stage.time - since)

    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30], abs=0.2)
    assert second.told == []


def test_a_worker_that_served_resets_the_restart_delay(stage: Stage) -> None:
    stage.both_serving()
    for _ in range(5):
        stage.started[-1].code = 1
        stage.pass_time(30)
    stage.make_ready(stage.started[-1])
    stage.pass_time(60)
    count = len(stage.started)
    stage.started[-1].code = -9

    stage.pass_time(0)

    assert len(stage.started) == count + 1


def test_a_worker_that_hangs_is_killed_with_a_warning(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = stage.both_serving()
    first.hangs = "its event loop sleeps"

    stage.pass_time(1)

    assert (first.told, second.told) == (["kill"], [])
    assert caplog.records[-1].levelname == "WARNING"
    assert "worker 100 hangs and was killed: its event loop sleeps" in caplog.text


def test_a_stop_lets_workers_finish_and_kills_them_only_after_the_grace_period(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = stage.both_serving()
    stage.supervisor.stop()
    assert (first.told, second.told) == (["stop"], ["stop"])
    assert stage.events == ["closed"]

    first.code = 0
    assert stage.pass_time(10) is None
    assert second.told == ["stop"]

    assert stage.pass_time(6) is None
    assert second.told == ["stop", "kill"]
    assert "worker 101 did not stop in time and was killed" in caplog.text

    second.code = -9
    assert stage.pass_time(0) == 0
    assert len(stage.started) == 2


def test_a_reload_replaces_workers_one_at_a_time(stage: Stage) -> None:
    first, second = stage.both_serving()
    stage.supervisor.reload()
    stage.pass_time(0)
    third = stage.started[2]
    assert third.kind is Kind.SUCCESSOR
    assert first.told == []

    stage.make_ready(third)
    assert first.told == ["stop"]
    stage.pass_time(3)
    assert len(stage.started) == 3

    first.code = 0
    stage.pass_time(0)
    fourth = stage.started[3]
    stage.make_ready(fourth)
    assert second.told == ["stop"]
    second.code = 0
    stage.pass_time(60)

    assert stage.supervisor.workers() == [third, fourth]


def test_a_reload_is_abandoned_if_the_first_new_worker_refuses_to_start(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = stage.both_serving()
    stage.supervisor.reload()
    stage.pass_time(0)
    stage.started[2].code = 2

    for _ in range(3):
        stage.pass_time(60)

    assert stage.supervisor.workers() == [first, second]
    assert (first.told, second.told) == ([], [])
    assert "worker 102 was started to replace 100 but exited (exit code 2)" in caplog.text


def test_a_worker_that_dies_during_its_replacement_is_succeeded_immediately(stage: Stage) -> None:
    first, second = stage.both_serving()
    stage.supervisor.reload()
    stage.pass_time(0)
    first.code = -9

    stage.pass_time(0)

    assert stage.supervisor.workers()[:2] == [stage.started[2], second]


def test_a_stop_during_a_reload_stops_the_successor_too(stage: Stage) -> None:
    stage.both_serving()
    stage.supervisor.reload()
    stage.pass_time(0)

    stage.supervisor.stop()
    for worker in stage.started:
        worker.code = -15

    assert stage.pass_time(0) == 0
    assert all("stop" in worker.told for worker in stage.started)


def test_a_silent_worker_without_cpu_time_is_not_considered_hung() -> None:
    silence = Silence(asleep_looks=30, spinning_seconds=20)

    for look in range(900):
        assert silence.look(Activity(cpu_seconds=1 + look / 100, is_asleep=False)) is None


def test_a_silent_worker_that_uses_cpu_time_is_considered_hung() -> None:
    silence = Silence(asleep_looks=30, spinning_seconds=20)

    judgements = [silence.look(Activity(cpu_seconds=n, is_asleep=False)) for n in range(21)]

    assert judgements[:20] == [None] * 20
    assert judgements[20] is not None


def test_a_silent_worker_that_sleeps_at_every_check_is_considered_hung() -> None:
    silence = Silence(asleep_looks=30, spinning_seconds=20)

    judgements = [silence.look(Activity(cpu_seconds=5, is_asleep=True)) for _ in range(30)]

    assert judgements[:29] == [None] * 29
    assert judgements[29] is not None


def test_a_heartbeat_resets_the_hang_detection() -> None:
    silence = Silence(asleep_looks=30, spinning_seconds=20)

    for second in range(300):
        assert silence.look(Activity(cpu_seconds=second, is_asleep=True)) is None
        silence.end()


def test_if_no_process_can_be_started_the_others_continue_and_the_start_is_retried(
    stage: Stage,
) -> None:
    """SECURITY_BAR, fault 6: memory or processes are used up for a while"""
    first, second = stage.both_serving()
    stage.time += 60
    stage.refuses = True
    first.code = -9

    assert [stage.pass_time(0) for _ in range(3)] == [None] * 3
    stage.refuses = False
    assert stage.pass_time(0.5) is None

    assert second.told == []
    assert len(stage.started) == 3


def test_a_reload_is_abandoned_if_no_process_can_be_started(stage: Stage) -> None:
    workers = stage.both_serving()
    stage.refuses = True

    stage.supervisor.reload()

    assert stage.pass_time(0) is None
    assert [worker.told for worker in workers] == [[], []]
