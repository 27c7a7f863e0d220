"""The processor of identity: reads `touchpoints`, writes `resolved-touchpoints`.

Decodes, names what is to be loaded, asks the rules whose touchpoint it is, and turns their answer into rows and
records. A marker pair stands right before the touchpoint that caused it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from identity.decode import Event, EventDecoder
from identity.domain.graph import root_of
from identity.domain.resolve import Resolution, resolve
from identity.domain.rules import Rules
from identity.outputs import marker_pair, resolved
from identity.state import LAST_SEQ, NEWEST, LongAgo, Noted, State, ViewGraph
from journey_runtime.processor import BadRecord, Changes, Due, Item, Key, Out, Processor, Record, View
from journey_schemas.marker import Merged
from journey_schemas.moment import to_ms
from journey_schemas.touchpoint import Origin

TOUCHPOINTS = "touchpoints"


class Resolver(Processor[Event, State]):
    """One record at a time, on top of what earlier records of the batch did."""

    reads = (TOUCHPOINTS,)

    def __init__(self, decoder: EventDecoder, rules: Rules) -> None:
        self._decoder = decoder
        self._rules = rules

    def decode(self, record: Record) -> Event:
        return self._decoder.decode(record)

    def keys(self, record: Record, event: Event) -> Iterable[Key]:
        if event.seen is not None:
            yield event.seen
            if event.is_deep:
                yield LongAgo(event.seen)
        if event.touchpoint.profile_id is not None:
            yield event.touchpoint.profile_id
        else:
            yield from event.links.all()

    def order(self, items: Sequence[Item[Event]]) -> Sequence[Item[Event]]:
        """By append time over all partitions, each partition's own order kept whatever its times say."""
        newest: dict[int, int] = {}
        ranks: list[tuple[int, int, int]] = []
        for number, item in enumerate(items):
            partition = item.record.partition
            at_ms = newest[partition] = max(newest.get(partition, 0), item.record.appended_ms)
            ranks.append((at_ms, partition, number))
        ranks.sort()
        return [items[number] for _, _, number in ranks]

    def is_seen(self, item: Item[Event], states: View[State]) -> bool:
        seen = item.event.seen
        return seen is not None and states.get(seen) is not None

    def apply(
        self,
        source: Event | Due,
        states: View[State],
        reference: Any,  # Any: `Processor`'s own signature; there is no reference here
        now_ms: int,
    ) -> Changes[State]:
        assert not isinstance(source, Due), "identity has no timers"
        touchpoint = source.touchpoint
        resolution = self._resolve(source, states)
        put: dict[Key, State | None] = {}
        at_ms, newest = to_ms(touchpoint.received_at), states.get(NEWEST)
        if not isinstance(newest, int) or at_ms > newest:
            put[NEWEST] = at_ms
        if source.seen is not None:
            put[source.seen] = True
        put |= dict(resolution.known.items())
        put |= {profile.id: profile for profile in resolution.profiles}
        for conflict in resolution.conflicts:
            noted = Noted(conflict, touchpoint.received_at, source.topic, source.partition, source.offset)
            put[noted] = noted
        out: list[Out] = []
        if resolution.losers:
            for merged in self._merges(source, resolution, states):
                put[merged] = merged
                put[LAST_SEQ] = merged.seq
                out.extend(marker_pair(merged))
        out.append(resolved(source, profile_id=resolution.profile_id, origin_id=resolution.origin_id))
        return Changes(put, tuple(out))

    def pack(self, state: State) -> tuple[bytes, int | None]:
        """States are rows: the store writes them from the objects."""
        return b"", None

    def unpack(self, data: bytes) -> State:
        raise NotImplementedError  # rows are read by the store

    def _resolve(self, event: Event, states: View[State]) -> Resolution:
        graph, touchpoint = ViewGraph(states), event.touchpoint
        given = touchpoint.profile_id
        if given is None:
            return resolve(graph, event.links, self._rules, at=touchpoint.received_at, source=touchpoint.source)
        if graph.profile(given) is None:
            raise BadRecord("unknown_profile", "profileId is not in the graph", "$.profileId")
        return Resolution(profile_id=root_of(graph, given).id, origin_id=given)

    def _merges(self, event: Event, resolution: Resolution, states: View[State]) -> Iterable[Merged]:
        last_seq = states.get(LAST_SEQ)
        assert isinstance(last_seq, int)
        touchpoint = event.touchpoint
        rule = "shared_identifier"
        if touchpoint.type == "alias":
            rule = "forced" if event.links.is_forced else "alias"
        for seq, loser in enumerate(resolution.losers, start=last_seq + 1):
            yield Merged(
                seq=seq,
                role="from",
                loser=loser,
                winner=resolution.profile_id,
                rule=rule,
                message_id=touchpoint.message_id,
                at=touchpoint.received_at,
                origin=Origin(topic=event.topic, partition=event.partition, offset=event.offset),
            )
