"""Checking a project: everything that can be known to be wrong before it is published, all at once."""

from journey_schemas.checks.messages import wrong_message, wrong_sends
from journey_schemas.checks.names import unknown_names
from journey_schemas.checks.properties import wrong_properties
from journey_schemas.checks.segments import circles
from journey_schemas.checks.stages import wrong_stages
from journey_schemas.checks.steps import wrong_steps
from journey_schemas.problem import Problem, in_order
from journey_schemas.project import Project


def check(project: Project) -> list[Problem]:
    """All problems of a project in the order of files and lines, those of loading it included."""
    found: set[Problem] = set(project.problems)
    for name, journey in project.journeys.items():
        origin = project.origins["journey", name]
        found.update(unknown_names(project, journey, origin))
        found.update(wrong_properties(project, journey, origin))
        found.update(wrong_stages(journey, origin))
        found.update(wrong_steps(project, journey, origin))
        found.update(wrong_sends(project, journey, origin))
    for kind, models in (("segment", project.segments), ("trait", project.traits)):
        for name, model in models.items():
            origin = project.origins[kind, name]
            found.update(unknown_names(project, model, origin))
            found.update(wrong_properties(project, model, origin))
    for name, message in project.messages.items():
        found.update(wrong_message(project, message, project.origins["message", name]))
    found.update(circles(project))
    return in_order(found)
