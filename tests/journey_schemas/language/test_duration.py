"""Durations and shares: what is read is what was written."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from journey_schemas import duration, share

A_HUNDRED_YEARS_S = 36_525 * 86_400


@given(st.integers(min_value=-A_HUNDRED_YEARS_S, max_value=A_HUNDRED_YEARS_S))
def test_a_duration_written_is_the_duration_read(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert duration.parse(duration.to_text(length)) == length


@given(st.integers(min_value=0, max_value=5_000), st.sampled_from("smhdw"))
def test_equal_durations_are_written_alike(number: int, unit: str) -> None:
    length = duration.parse(f"{number}{unit}")
    assert duration.to_text(duration.parse(duration.to_text(length))) == duration.to_text(length)


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "1.5h", "1d12h", "3D", "--3d", "٣d", "99999999999s", "36526d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        duration.parse(text)


def test_a_day_is_24_hours() -> None:
    assert duration.parse("1d") == duration.parse("24h") == timedelta(hours=24)


@given(st.decimals(min_value=0, max_value=100, places=3))
def test_a_share_written_is_the_share_read(percent: Decimal) -> None:
    adapter = TypeAdapter(share.Share)
    assert adapter.validate_python(share.to_text(percent)) == percent


def test_a_share_is_exact() -> None:
    adapter = TypeAdapter(share.Share)
    assert sum(adapter.validate_python(text) for text in ("33.3%", "33.3%", "33.4%")) == 100
