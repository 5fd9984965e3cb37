"""Requests of the benchmark that can be sent only once."""

from itertools import count

from benchmarks.load_generator import Once
from benchmarks.supplies import MOST_A_SECOND, Supply

SECONDS = 10 / MOST_A_SECOND
"""With two connections, a round of 12 requests."""


def supply_of_batches(size: int) -> Supply:
    numbers = count()
    return Supply(lambda: [str(next(numbers)) for _ in range(size)])


def test_a_request_is_taken_for_one_round_only() -> None:
    supply = supply_of_batches(5)

    rounds = [supply.take(connections=2, seconds=SECONDS) for _ in range(3)]

    assert [each for requests in rounds for each in requests] == [str(n) for n in range(36)]


def test_requests_that_were_not_sent_are_taken_again() -> None:
    supply = supply_of_batches(12)
    first = supply.take(connections=2, seconds=SECONDS)

    supply.put_back(first[7:])
    second = supply.take(connections=2, seconds=SECONDS)

    assert set(first[7:]) <= set(second)
    assert not set(first[:7]) & set(second)


def test_connections_share_the_requests_until_there_are_no_more() -> None:
    once = Once(["a", "b", "c"])

    sent = [once(b"HTTP/1.1 200 OK"), once(None), once(None), once(None)]

    assert sent == [b"a", b"b", b"c", None]
    assert once.taken == 3
