"""What the read side takes from a journey's definition."""

from metrics.domain.definition import journey_of
from support.shop_story import WELCOME


def test_a_definition_gives_stages_in_order_with_what_they_send() -> None:
    journey = journey_of("welcome", "v", WELCOME)
    assert [stage.name for stage in journey.stages] == ["new", "browsing", "customer"]
    assert journey.stages[0].sends == ("welcome", "first-steps")
    assert journey.stages[2].is_final
    assert (journey.objective, journey.within, journey.target) == ("reach customer", "14d", 0.4)


def test_keys_that_are_missing_or_of_another_shape_do_no_harm() -> None:
    journey = journey_of("odd", "v", {"stages": [{"stage": 7}, "x"], "objective": "later", "title": None})
    assert journey.title == "odd"
    assert [stage.name for stage in journey.stages] == [""]
    assert journey.target is None
