"""Merging: who survives, and what the survivor then holds."""

from collections.abc import Iterable
from dataclasses import replace

from identity.domain.graph import Profile


def ranked(roots: Iterable[Profile]) -> tuple[Profile, tuple[Profile, ...]]:
    """The winner, and the losers in the order in which they lose.

    The winner has a unique identifier; then it is the older; then its id is smaller. That depends on stored facts only,
    and moves the small anonymous state instead of the big one.
    """
    every = sorted(roots, key=lambda one: (one.created_at, one.id))
    winner = min(every, key=lambda one: (not one.has_unique, one.created_at, one.id))
    return winner, tuple(one for one in every if one.id != winner.id)


def merged(winner: Profile, losers: tuple[Profile, ...]) -> tuple[Profile, tuple[Profile, ...]]:
    """The winner with everything the losers held, and the losers pointing to it."""
    if not losers:
        return winner, ()
    members = [*winner.members]
    for loser in losers:
        members.extend(loser.members)
    after = replace(
        winner,
        members=tuple(members),
        has_unique=winner.has_unique or any(loser.has_unique for loser in losers),
        merge_count=winner.merge_count + sum(loser.merge_count for loser in losers) + len(losers),
    )
    return after, tuple(replace(loser, merged_into=winner.id, members=()) for loser in losers)
