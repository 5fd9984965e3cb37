"""Trace functions stay out of SQLAlchemy's greenlets, except in those that run code of ours."""

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import greenlet
import pytest

from app.oauth.scopes import split_scope
from tools.coverage_of_greenlets import TracedApart


class Greenlet(TracedApart, greenlet.greenlet):
    """As the plugin makes it of SQLAlchemy's."""


class Tracer:
    """A trace function, and the names of the functions that it was told of."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "call":
            self.called.append(frame.f_code.co_name)
        return self


@pytest.fixture
def tracer() -> Iterator[Tracer]:
    """A tracer of this thread and of new ones, in the place of that of coverage."""
    before, of_threads = sys.gettrace(), threading.gettrace()
    tracer = Tracer()
    threading.settrace(tracer)
    sys.settrace(tracer)
    yield tracer
    sys.settrace(before)
    threading.settrace(of_threads)  # type: ignore[arg-type]


def of_a_library() -> None:
    inside()
    greenlet.getcurrent().parent.switch()
    inside()


def inside() -> None: ...


def after() -> None: ...


def test_the_code_of_a_library_is_not_traced_in_a_greenlet(tracer: Tracer) -> None:
    driver = Greenlet(of_a_library, greenlet.getcurrent())
    driver.switch()
    after()
    driver.switch()
    after()

    assert driver.dead
    assert "inside" not in tracer.called
    assert tracer.called.count("after") == 2


def test_our_code_is_traced_in_a_greenlet(tracer: Tracer) -> None:
    assert Greenlet(split_scope, greenlet.getcurrent()).switch("a b") == ["a", "b"]
    after()

    assert tracer.called.count("split_scope") == 1


def test_the_caller_is_traced_again_after_an_error_in_a_greenlet(tracer: Tracer) -> None:
    driver = Greenlet(of_a_library, greenlet.getcurrent())
    driver.switch()
    with pytest.raises(LookupError):
        driver.throw(LookupError)
    after()

    assert driver.dead
    assert "inside" not in tracer.called
    assert "after" in tracer.called
