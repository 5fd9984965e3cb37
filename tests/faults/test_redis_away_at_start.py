"""A Redis that is not there when the server starts."""

import logging

import pytest

from tests.conftest import AppFactory
from tests.support.loggers import loggers_as_before
from tests.support.ports import free_port
from tests.support.waiting import eventually

DATABASES = ("sqlite",)


async def test_an_unreachable_redis_logs_one_warning_before_the_first_sign_in(
    start_app: AppFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 18 (faults)"""
    logger = logging.getLogger("postern.outbound.shared_limits")
    logger.addHandler(caplog.handler)
    try:
        with loggers_as_before():
            app = await start_app(redis_url=f"redis://127.0.0.1:{free_port()}/0")
            await eventually(lambda: bool(caplog.records))
            user = await app.enrolled_user()
    finally:
        logger.removeHandler(caplog.handler)

    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert user.username
    assert len(warnings) == 1
    assert "each process counts separately" in warnings[0].getMessage()
