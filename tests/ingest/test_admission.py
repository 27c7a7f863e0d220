"""A replica takes so many requests at once and no more."""

import pytest

from ingest.admission import Admission
from ingest.errors import Overloaded


def test_a_request_too_many_is_refused_until_another_has_ended() -> None:
    admission = Admission(1)
    with admission.enter():
        with pytest.raises(Overloaded), admission.enter():
            pass
        assert admission.in_work == 1
    with admission.enter():
        assert admission.in_work == 1
    assert admission.in_work == 0


def test_a_request_that_fails_gives_its_place_back() -> None:
    admission = Admission(1)
    with pytest.raises(KeyError), admission.enter():
        raise KeyError
    assert admission.in_work == 0
