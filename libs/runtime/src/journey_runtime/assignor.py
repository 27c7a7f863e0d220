"""Who gets which task: all partitions of a task to one process, and a task stays where it is while it can."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


def share_out(tasks: int, names: Sequence[str], before: Mapping[int, str]) -> dict[str, list[int]]:
    """Tasks per name, evenly; `before` says who had a task last. Equal arguments give equal answers."""
    order = sorted(names)
    room = {name: tasks // len(order) + (1 if place < tasks % len(order) else 0) for place, name in enumerate(order)}
    shares: dict[str, list[int]] = {name: [] for name in order}
    homeless = []
    for task in range(tasks):
        name = before.get(task)
        if name is not None and len(shares.get(name, ())) < room.get(name, 0):
            shares[name].append(task)
        else:
            homeless.append(task)
    for task in homeless:
        name = max(order, key=lambda one: (room[one] - len(shares[one]), -order.index(one)))
        shares[name].append(task)
    return {name: sorted(share) for name, share in shares.items()}


def task_assignor(tasks: int, instance: str) -> type[AbstractPartitionAssignor]:
    """An assignor class for one consumer. The member that leads remembers who had which task; its memory is the class,
    because the client calls class methods."""
    before: dict[int, str] = {}

    class TaskAssignor(AbstractPartitionAssignor):  # type: ignore[misc] # aiokafka is untyped
        name = "waypost-tasks"

        @classmethod
        def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
            member_of = {_instance(metadata) or member: member for member, metadata in members.items()}
            shares = share_out(tasks, list(member_of), before)
            before.clear()
            before.update({task: name for name, share in shares.items() for task in share})
            topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
            counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
            return {
                member_of[name]: ConsumerProtocolMemberAssignment(0, _partitions(share, tasks, counts), b"")
                for name, share in shares.items()
            }

        @classmethod
        def metadata(cls, topics: Iterable[str]) -> Any:
            return ConsumerProtocolMemberMetadata(0, sorted(topics), instance.encode())

        @classmethod
        def on_assignment(cls, assignment: Any) -> None:
            """Nothing to remember: the leader does."""

    return TaskAssignor


def _instance(metadata: Any) -> str:
    return (metadata.user_data or b"").decode("utf-8", "replace")


def _partitions(share: Sequence[int], tasks: int, counts: Mapping[str, int]) -> list[tuple[str, list[int]]]:
    own = set(share)
    return [(topic, [number for number in range(count) if number % tasks in own]) for topic, count in counts.items()]
