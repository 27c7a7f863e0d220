"""Resolving: whose touchpoint is it, and what does it teach the graph.

The identifiers are walked strongest first. Each is kept if what was kept so far may be joined with it, else set aside
and noted as a conflict; removing the weakest until the rules hold would throw innocent identifiers away. One alone
breaks no rule, so something is always kept. At the same `at`, a touchpoint told again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from identity.domain.graph import Graph, Known, Member, Profile, candidate_ids, root_of
from identity.domain.identifiers import ANONYMOUS_ID, USER_ID, Identifier, Links
from identity.domain.merge import merged, ranked
from identity.domain.rules import Part, Rules

ALIAS_REFUSED = "alias_refused"
_SEEN_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An identifier set aside: `kind` is the rule, `profile_id` what was kept, `other_id` whom it speaks for."""

    kind: str
    identifier: Identifier
    profile_id: str
    other_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Whose touchpoint it is. `profile_id` is the root today, `origin_id` the one that no merge changes.

    `profiles` and `known` are what changed in the graph, `losers` who lost to `profile_id`, in order.
    """

    profile_id: str
    origin_id: str
    losers: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    profiles: tuple[Profile, ...] = ()
    known: dict[Identifier, Known] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What the walk has decided so far."""

    kept: list[tuple[Identifier, Known | None]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    aside: list[tuple[Identifier, Known | None, str | None, str]] = field(default_factory=list)


def resolve(graph: Graph, links: Links, rules: Rules, *, at: datetime, source: str) -> Resolution:
    """Who the person of `links` is. `at` is when the touchpoint came in, `source` who sent it."""
    order = _order(graph, links)
    settled = _settled(graph, order, at)
    if settled is not None:
        return settled
    walk = _walk(graph, order, links, rules, at)
    roots = [part for part in walk.parts if isinstance(part, Profile)]
    first, first_known = walk.kept[0]
    if roots:
        winner, losers = ranked(roots)
    else:
        winner, losers = _born(graph, first, rules, at), ()
    root, lost = merged(winner, losers)
    fresh = [identifier for identifier, known in walk.kept if known is None]
    if fresh:
        root = replace(
            root,
            members=(*root.members, *(Member(identifier, at) for identifier in fresh)),
            has_unique=root.has_unique or any(map(rules.is_unique, fresh)),
        )
    return Resolution(
        profile_id=root.id,
        origin_id=first_known.profile_id if first_known is not None else root.id,
        losers=tuple(loser.id for loser in losers),
        conflicts=tuple(
            Conflict(kind=kind, identifier=identifier, profile_id=root.id, other_id=other)
            for identifier, _, other, kind in walk.aside
        ),
        profiles=(root, *lost) if fresh or lost else (),
        known=_taught(walk, root.id, rules, at, source),
    )


def _settled(graph: Graph, order: Sequence[Identifier], at: datetime) -> Resolution | None:
    """The answer when every identifier is known and speaks for one profile: the usual case, which teaches nothing."""
    first: Known | None = None
    for identifier in order:
        known = graph.identifier(identifier)
        if known is None or at - known.last_seen_at >= _SEEN_AGAIN:
            return None
        if first is None:
            first = known
        elif known.holder_id != first.holder_id:
            return None
    assert first is not None, "a touchpoint without identifiers is a dead letter"
    return Resolution(profile_id=root_of(graph, first.holder_id).id, origin_id=first.profile_id)


def _order(graph: Graph, links: Links) -> Sequence[Identifier]:
    """Strongest first; the former id of an alias comes right after the user id."""
    if links.previous is None:
        return links.identifiers
    former = Identifier(ANONYMOUS_ID, links.previous)
    if graph.identifier(former) is None:
        as_user = Identifier(USER_ID, links.previous)
        if graph.identifier(as_user) is not None:
            former = as_user
    users = [one for one in links.identifiers if one.namespace == USER_ID]
    others = [one for one in links.identifiers if one.namespace != USER_ID and one != former]
    return [*users, former, *others]


def _walk(graph: Graph, order: Sequence[Identifier], links: Links, rules: Rules, at: datetime) -> _Walk:
    walk = _Walk()
    seen: set[str] = set()
    for identifier in order:
        known = graph.identifier(identifier)
        part: Part = identifier if known is None else root_of(graph, known.holder_id)
        if isinstance(part, Profile) and part.id in seen:
            walk.kept.append((identifier, known))
            continue
        broken = rules.broken([*walk.parts, part], at, is_forced=links.is_forced)
        other = part.id if isinstance(part, Profile) else None
        if broken is not None:
            is_former = links.previous is not None and identifier.value == links.previous
            walk.aside.append((identifier, known, other, ALIAS_REFUSED if is_former else broken))
            continue
        walk.kept.append((identifier, known))
        walk.parts.append(part)
        if other is not None:
            seen.add(other)
    return walk


def _born(graph: Graph, first: Identifier, rules: Rules, at: datetime) -> Profile:
    for candidate in candidate_ids(rules.secret_namespace, first):
        if graph.profile(candidate) is None:
            return Profile(id=candidate, created_at=at)
    raise AssertionError  # there are always more candidates


def _taught(walk: _Walk, root_id: str, rules: Rules, at: datetime, source: str) -> dict[Identifier, Known]:
    """New identifiers, those seen again after a day, and things that changed hands."""
    written: dict[Identifier, Known] = {}
    for identifier, known in walk.kept:
        if known is None:
            written[identifier] = Known(profile_id=root_id, first_seen_at=at, last_seen_at=at, source=source)
        elif at - known.last_seen_at >= _SEEN_AGAIN:
            written[identifier] = replace(known, last_seen_at=at)
    if walk.aside and any(rules.is_unique(identifier) for identifier, _ in walk.kept):
        for identifier, known, _, _ in walk.aside:
            if known is not None and rules.is_movable(identifier):
                written[identifier] = replace(known, owner_id=root_id, last_seen_at=max(at, known.last_seen_at))
    return written
