"""The hosts of a PostgreSQL URL, as they are tried."""

import pytest

from app.database.postgresql_hosts import hosts_of, name_of


def test_a_url_with_one_host_is_unchanged() -> None:
    url = "postgresql://user:secret@db.example/postern?sslmode=require"

    assert hosts_of(url) == [url]


def test_each_of_several_hosts_must_accept_writes() -> None:
    urls = hosts_of(
        "postgresql://user:secret@a.example:5433,[::1],c.example/postern?sslmode=require"
    )

    assert urls == [
        f"postgresql://user:secret@{host}/postern?sslmode=require&target_session_attrs=read-write"
        for host in ("a.example:5433", "[::1]", "c.example")
    ]


def test_hosts_and_ports_in_query_parameters_are_split_too() -> None:
    urls = hosts_of("postgresql:///postern?host=a.example,b.example&port=5433,5434")

    assert [name_of(url) for url in urls] == ["a.example:5433", "b.example:5434"]
    assert all("target_session_attrs=read-write" in url for url in urls)


def test_a_single_port_applies_to_every_host() -> None:
    urls = hosts_of("postgresql:///postern?host=a.example,b.example&port=5433")

    assert [name_of(url) for url in urls] == ["a.example:5433", "b.example:5433"]


def test_target_session_attrs_in_the_url_takes_precedence() -> None:
    urls = hosts_of("postgresql://a.example,b.example/postern?target_session_attrs=any")

    assert [url.partition("?")[2] for url in urls] == ["target_session_attrs=any"] * 2


@pytest.mark.parametrize("target", ["standby", "prefer-standby", "read-only"])
def test_a_target_that_compares_hosts_is_left_to_the_driver(target: str) -> None:
    url = f"postgresql://a.example,b.example/postern?target_session_attrs={target}"

    assert hosts_of(url) == [url]


def test_the_name_of_a_host_omits_the_user_and_password() -> None:
    assert name_of("postgresql://user:secret@a.example:5433/postern?x=y") == "a.example:5433"
