"""What clients are told is what makes them keep the good items and drop the bad ones."""

from ingest.domain.answer import Rejected, of_batch, of_single
from journey_schemas.normalise import Rejection


def rejected(code: str, index: int = 0) -> Rejected:
    return Rejected(index=index, rejection=Rejection(code=code, message="why"))


def test_a_batch_is_a_success_whatever_became_of_its_items() -> None:
    assert of_batch(2, []) == (200, {"success": True, "accepted": 2, "rejected": []})
    status, body = of_batch(0, [rejected("missing_event", 7)])
    assert (status, body["success"], body["accepted"]) == (200, True, 0)
    assert body["rejected"] == [{"index": 7, "code": "missing_event", "message": "why"}]


def test_a_bad_item_alone_is_a_failure_with_its_own_code() -> None:
    assert of_single(1, []) == (200, {"success": True, "accepted": 1, "rejected": []})
    assert of_single(0, [rejected("missing_event")]) == (400, {"code": "missing_event", "message": "why"})
    assert of_single(0, [rejected("event_too_large")])[0] == 413
