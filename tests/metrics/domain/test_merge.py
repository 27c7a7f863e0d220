"""Laws of aliases."""

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.merge import Merge, new_roots

_AT = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def _histories(draw: st.DrawFn) -> list[Merge]:
    """Merges of roots only, as identity makes them: who has lost never wins or loses again."""
    roots = [f"p{number}" for number in range(draw(st.integers(2, 8)))]
    merges = []
    for seq in range(1, draw(st.integers(1, len(roots) - 1)) + 1):
        loser = roots.pop(draw(st.integers(0, len(roots) - 1)))
        merges.append(Merge(seq=seq, loser=loser, winner=draw(st.sampled_from(roots)), merged_at=_AT))
    return merges


@given(merges=_histories(), seed=st.integers(0, 1000), cut=st.integers(0, 7))
def test_merges_in_any_order_and_any_batches_lead_to_the_same_roots(merges: list[Merge], seed: int, cut: int) -> None:
    shuffled = random.Random(seed).sample(merges, len(merges))
    aliases: dict[str, str] = {}
    for batch in (shuffled[:cut], shuffled[cut:]):
        _apply(aliases, batch)
    in_order: dict[str, str] = {}
    for merge in merges:
        _apply(in_order, [merge])
    assert aliases == in_order
    assert not set(aliases.values()) & set(aliases), "aliases are one level deep"


def _apply(aliases: dict[str, str], batch: list[Merge]) -> None:
    roots = new_roots(batch, aliases)
    for profile, root in list(aliases.items()):
        aliases[profile] = roots.get(root, root)
    aliases.update(roots)
