"""The ten worked examples, and the journeys of the demo shop: every one parses, and survives the way through JSON."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from journey_schemas import supported
from journey_schemas.catalogue import Catalogue
from journey_schemas.check import check
from journey_schemas.journey import Journey
from journey_schemas.message import Message
from journey_schemas.policy import Policy
from journey_schemas.project import load
from journey_schemas.trait import Traits
from journey_schemas.walk import walk
from journey_schemas.written import body_of
from journey_schemas.yaml_source import read

GALLERY = Path(__file__).parent / "gallery"
DEMO = Path(__file__).parents[3] / "journeys"
JOURNEYS = sorted((*GALLERY.glob("*.journey.yaml"), *DEMO.glob("*.journey.yaml")))


def content(path: Path) -> object:
    source, problems = read(path.read_bytes(), path.name)
    assert problems == []
    assert source is not None
    return source.root.value


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.name)
def test_a_journey_is_the_same_from_its_file_and_from_its_definition(path: Path) -> None:
    written = Journey.model_validate(content(path))
    body = json.loads(json.dumps(body_of(written)))
    assert Journey.model_validate(body) == written
    assert body_of(Journey.model_validate(body)) == body


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.name)
def test_every_step_has_an_id_of_its_own(path: Path) -> None:
    ids = [placed.id for placed in walk(Journey.model_validate(content(path)))]
    assert len(set(ids)) == len(ids) > 0


def test_the_other_files_are_the_same_from_file_and_definition() -> None:
    files: list[tuple[type[BaseModel], Path]] = [
        (Catalogue, GALLERY / "touchpoints.yaml"),
        (Traits, GALLERY / "traits.yaml"),
        (Policy, DEMO / "policy.yaml"),
        *((Message, path) for path in sorted(DEMO.rglob("*.message.yaml"))),
    ]
    for model, path in files:
        written = model.model_validate(content(path))
        assert model.model_validate(json.loads(json.dumps(body_of(written)))) == written


def test_nothing_is_wrong_in_the_gallery_but_its_missing_messages() -> None:
    problems = check(load(GALLERY))
    assert {problem.code for problem in problems if problem.severity == "error"} == {"unknown_message"}
    assert [str(problem) for problem in problems if problem.severity == "warning"] == [
        'trial-to-paid.journey.yaml:14:56: warning: unknown event "Invoice Paid"; list it in touchpoints.yaml'
    ]
    assert {problem.file for problem in problems if problem.severity == "note"} == {
        path.name for path in GALLERY.glob("*.scenario.yaml")
    }


def test_the_demo_is_sound_and_can_be_run() -> None:
    project = load(DEMO)
    assert [str(problem) for problem in check(project) if problem.severity != "note"] == []
    assert [str(problem) for problem in supported.problems(project)] == []
    kinds = [kind for kind, _, _ in project.definitions()]
    assert kinds.count("journey") == len(list(DEMO.glob("*.journey.yaml")))
    assert kinds.count("policy") == kinds.count("catalogue") == 1


def test_a_body_in_a_file_of_its_own_stands_in_the_definition() -> None:
    bodies = {name: body for kind, name, body in load(DEMO).definitions() if kind == "message"}
    html = (DEMO / "messages" / "welcome.html").read_text()
    assert bodies["welcome"]["channels"]["email"]["body"] == html
