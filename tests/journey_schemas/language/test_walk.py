"""Step ids: the path counted from 0, through ways and variants; a name of its own instead, for that step only."""

from journey_schemas.journey import Journey
from journey_schemas.step import walk_steps
from journey_schemas.walk import walk

STEPS = [
    {"send": "m"},
    {
        "wait_for": [{"event": "A", "then": [{"send": "m"}, {"wait": "1d"}]}, {"event": "B", "then": {"exit": "b"}}],
        "up_to": "1d",
        "else": {"send": "m"},
    },
    {"branch": {"if": "always", "then": {"wait": "1d"}}, "else": {"send": "m"}},
    {
        "id": "offer",
        "experiment": "e",
        "variants": [{"variant": "voucher", "share": "50%", "then": {"send": "m"}}],
    },
]
JOURNEY = Journey.model_validate({"journey": "j", "stages": {"stage": "bought", "steps": STEPS}})
IDS = [
    "bought/0",
    "bought/1",
    "bought/1/0/0",
    "bought/1/0/1",
    "bought/1/1/0",
    "bought/1/else/0",
    "bought/2",
    "bought/2/0/0",
    "bought/2/else/0",
    "offer",
    "bought/3/voucher/0",
]


def test_a_step_is_named_by_its_path() -> None:
    assert [placed.id for placed in walk(JOURNEY)] == IDS


def test_the_program_and_the_checks_name_steps_alike() -> None:
    assert [name for name, _ in walk_steps("bought", JOURNEY.stages[0].steps)] == IDS


def test_an_inner_step_knows_the_one_it_is_inside_of() -> None:
    inner = {placed.id: placed.outer.id for placed in walk(JOURNEY) if placed.outer is not None}
    assert inner["bought/1/0/1"] == "bought/1"
    assert inner["bought/3/voucher/0"] == "offer"
