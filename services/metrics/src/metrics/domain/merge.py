"""Merges: which profile is whose alias. Rows of facts keep the profile they came with; reading follows the alias."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """`loser` became part of `winner`; `seq` rises over all merges and names this one."""

    seq: int
    loser: str
    winner: str
    merged_at: datetime

    @property
    def key(self) -> tuple[int]:
        """What makes two rows the same."""
        return (self.seq,)


def new_roots(merges: Iterable[Merge], merged_into: Mapping[str, str]) -> dict[str, str]:
    """Loser to today's root for merges not applied before; `merged_into` are the aliases there are, one level deep.

    A profile loses once at most, so the merges form trees and any order leads to the same roots. Whoever points at a
    loser has to follow it to the root given here.
    """
    parent: dict[str, str] = {}
    losers = []

    def root(profile: str) -> str:
        profile = merged_into.get(profile, profile)
        while profile in parent:
            profile = parent[profile]
            profile = merged_into.get(profile, profile)
        return profile

    for merge in sorted(merges, key=lambda one: one.seq):
        loser, winner = root(merge.loser), root(merge.winner)
        if loser != winner:
            parent[loser] = winner
            losers.append(loser)
    return {loser: root(loser) for loser in losers}
