"""A pytest plugin that records the lines which each test runs, also in processes that it starts."""

import os
from collections.abc import Iterator

import coverage
import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    measurement = coverage.Coverage.current()
    assert measurement is not None
    measurement.switch_context(item.nodeid)
    measurement.config.context = item.nodeid  # read by processes only: this one has started
    os.environ["COVERAGE_PROCESS_CONFIG"] = measurement.config.serialize()
    return (yield)
