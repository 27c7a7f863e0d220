"""A journey project: a folder of plain files, loaded with the place of everything in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from journey_schemas.aggregate import Aggregate
from journey_schemas.catalogue import Catalogue
from journey_schemas.condition import Condition, ConditionForms
from journey_schemas.journey import Journey
from journey_schemas.message import Message
from journey_schemas.model_problems import details_of, problems_of
from journey_schemas.policy import Policy
from journey_schemas.problem import Problem, did_you_mean, in_order
from journey_schemas.template_files import inline
from journey_schemas.written import Name, body_of
from journey_schemas.yaml_source import MAX_BYTES, Loc, Source, read

CATALOGUE_FILE = "touchpoints.yaml"
POLICY_FILE = "policy.yaml"
SEGMENTS_FILE = "segments.yaml"
TRAITS_FILE = "traits.yaml"
#: Files that belong to a project and that nothing here reads yet; their YAML is checked.
LATER_FILES = ("funnels.yaml", "measures.yaml", "personas.yaml")
JOURNEY_END = ".journey.yaml"
MESSAGE_END = ".message.yaml"
SCENARIO_END = ".scenario.yaml"

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_CONDITION: TypeAdapter[ConditionForms] = TypeAdapter(Condition)

#: Kind and name: `("journey", "welcome")`.
Key = tuple[str, str]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a definition stands: its file, and the way to it inside."""

    source: Source
    below: Loc = ()

    def problem(self, loc: Loc, code: str, message: str, **rest: Any) -> Problem:  # fields of Problem
        """A problem with the value at `loc` of the definition; `key` points to a key of it."""
        return self.source.problem((*self.below, *loc), code, message, **rest)


@dataclass(slots=True, kw_only=True)
class Project:
    """All definitions of a folder that could be read, and what is wrong with those that could not.

    `names` holds the names of all definitions by kind, also of those that could not be read, so that one broken file
    does not make errors of all that name it. `catalogue` and `policy` are empty ones where there is no file.
    """

    folder: Path
    journeys: dict[str, Journey] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    segments: dict[str, ConditionForms] = field(default_factory=dict)
    traits: dict[str, Aggregate] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}))
    policy: Policy = field(default_factory=Policy)
    origins: dict[Key, Origin] = field(default_factory=dict)
    names: set[Key] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def known(self, kind: str) -> set[str]:
        """The names of a kind."""
        return {name for found, name in self.names if found == kind}

    def definitions(self) -> Iterator[tuple[str, str, dict[str, Any]]]:  # any JSON
        """Kind, name and body of everything that a release carries, in a stable order."""
        for kind, models in (
            ("journey", self.journeys),
            ("message", self.messages),
            ("segment", self.segments),
            ("trait", self.traits),
        ):
            for name in sorted(models):
                yield kind, name, body_of(models[name])
        yield "catalogue", "touchpoints", body_of(self.catalogue)
        yield "policy", "company", body_of(self.policy)


def load(folder: Path) -> Project:
    """Read all files of a project. Nothing is raised for what is written wrong: it stands in `problems`."""
    project = Project(folder=folder)
    for path in sorted(folder.rglob("*.y*ml")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            _load_file(project, path)
    project.problems = in_order(project.problems)
    return project


def _load_file(project: Project, path: Path) -> None:
    file = path.relative_to(project.folder).as_posix()
    with path.open("rb") as opened:
        source, problems = read(opened.read(MAX_BYTES + 1), file)
    project.problems.extend(problems)
    name = path.name
    if name.endswith(JOURNEY_END):
        _load_one(project, source, "journey", Journey, name.removesuffix(JOURNEY_END), project.journeys)
    elif name.endswith(MESSAGE_END):
        _load_message(project, source, path)
    elif source is None:
        return
    elif file == CATALOGUE_FILE:
        project.catalogue = _checked(project, source, Catalogue, ("catalogue", "touchpoints")) or project.catalogue
        project.names |= {("event", str(event)) for event in source.root.fields or ()}
    elif file == POLICY_FILE:
        project.policy = _checked(project, source, Policy, ("policy", "company")) or project.policy
        topics = source.root.fields.get("topics") if source.root.fields else None
        project.names |= {("topic", topic) for topic in (topics[1].fields if topics else None) or ()}
    elif file == SEGMENTS_FILE:
        _load_named(project, source, "segment")
    elif file == TRAITS_FILE:
        _load_named(project, source, "trait")
    elif name.endswith(SCENARIO_END) or file in LATER_FILES:
        message = "its YAML is sound; nothing reads it yet"
        project.problems.append(source.problem((), "not_read", message, severity="note"))
    else:
        project.problems.append(_unknown_file(source, name))


def _unknown_file(source: Source, name: str) -> Problem:
    known = (CATALOGUE_FILE, POLICY_FILE, SEGMENTS_FILE, TRAITS_FILE, *LATER_FILES)
    if name in known:
        message = f"{name} belongs at the top of the project: here nobody reads it"
        return source.problem((), "unknown_file", message)
    hint = did_you_mean(name, known) or f"journeys end in {JOURNEY_END}, messages in {MESSAGE_END}"
    return source.problem((), "unknown_file", f"nobody reads a file named {name}", suggestion=hint)


def _load_one(
    project: Project, source: Source | None, kind: str, model: type[M], stem: str, into: dict[str, M]
) -> None:
    project.names.add((kind, stem))
    if source is None:
        return
    written = source.root.value.get(kind) if isinstance(source.root.value, dict) else None
    if isinstance(written, str) and written != stem:
        message = f'this file is named "{stem}", its {kind} "{written}": both carry one name'
        project.problems.append(source.problem((kind,), "file_name", message))
    name = written if isinstance(written, str) else stem
    if (kind, name) in project.origins:
        first = project.origins[kind, name].source.file
        message = f'there is another {kind} "{name}", in {first}'
        project.problems.append(source.problem((kind,), f"duplicate_{kind}", message))
        return
    project.names.add((kind, name))
    found = _checked(project, source, model, (kind, name))
    if found is not None:
        into[name] = found


def _load_message(project: Project, source: Source | None, path: Path) -> None:
    if source is not None:
        project.problems.extend(inline(source, path.parent, project.folder))
    _load_one(project, source, "message", Message, path.name.removesuffix(MESSAGE_END), project.messages)


def _load_named(project: Project, source: Source, kind: str) -> None:
    """Definitions that share a file, each under its name; each is checked alone, so that one error hides no other."""
    if source.root.fields is None:
        project.problems.append(source.problem((), "dict_type", f"a map from a name to a {kind} is expected here"))
        return
    for name, (_, node) in source.root.fields.items():
        project.names.add((kind, name))
        origin = Origin(source=source, below=(name,))
        project.origins[kind, name] = origin
        try:
            _NAME.validate_python(name)
            if kind == "segment":
                project.segments[name] = _CONDITION.validate_python(node.value)
            else:
                project.traits[name] = Aggregate.model_validate(node.value)
        except ValidationError as error:
            model = ConditionForms if kind == "segment" else Aggregate
            loc: Loc = (name, "[key]") if error.title.startswith("constrained") else (name,)
            project.problems.extend(problems_of(error, model, source, loc))


def _checked(project: Project, source: Source, model: type[M], key: Key) -> M | None:
    """The model of a file; what is wrong with it goes to the problems.

    An unknown key is reported and left out, so that it does not hide what else is wrong.
    """
    project.origins[key] = Origin(source=source)
    try:
        return model.model_validate(source.root.value)
    except ValidationError as error:
        project.problems.extend(problems_of(error, model, source))
        details = details_of(error)
    if any(detail["type"] != "extra_forbidden" for detail in details):
        return None
    for detail in details:
        _leave_out(source, detail["loc"])
    try:
        return model.model_validate(source.root.value)
    except ValidationError:
        return None


def _leave_out(source: Source, loc: Loc) -> None:
    node = source.root
    for step in loc[:-1]:
        if isinstance(step, int):
            node = node.items[step] if node.items is not None else node
        elif node.fields is not None and step in node.fields:
            node = node.fields[step][1]
    if isinstance(node.value, dict):
        node.value.pop(loc[-1], None)
