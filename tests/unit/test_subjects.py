"""Subjects (OpenID Connect Core section 8): what clients know a person by."""

import re

from app.oauth.subjects import subject_for

SALT, OTHER_SALT = b"\x01" * 32, b"\x02" * 32


def test_the_public_subject_is_the_user_id() -> None:
    assert subject_for("an-identifier", salt=SALT, sector_identifier=None) == "an-identifier"


def test_a_pairwise_subject_is_stable_within_a_sector() -> None:
    """Section 8.1: the value itself is kept, since clients store it"""
    subject = subject_for("an-identifier", salt=SALT, sector_identifier="client.example")

    assert subject == "yM7-7EBy3TSf6IWxa75gAnbrHSQ2kohWzHWqiM5CDNs"


def test_pairwise_subjects_differ_by_sector_and_by_user() -> None:
    """Section 8.1: sectors cannot tell that it is the same person"""
    subjects = {
        subject_for("an-identifier", salt=salt, sector_identifier=sector)
        for salt in (SALT, OTHER_SALT)
        for sector in ("one.example", "two.example")
    }

    assert len(subjects) == 4


def test_a_pairwise_subject_is_short_ascii_and_does_not_contain_the_user_id() -> None:
    """Core section 2: at most 255 ASCII characters"""
    subject = subject_for("an-identifier", salt=SALT, sector_identifier="client.example")

    assert re.fullmatch("[A-Za-z0-9_-]{43}", subject)
