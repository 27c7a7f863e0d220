"""Decoded states used lately: two generations of dicts, since moving one entry per use would cost more than it saves."""

from journey_runtime.processor import Key

from stage_engine.kept import Kept

Entry = tuple[int, Kept]


class Recent:
    """At most about `size` entries: index row and decoded state by key."""

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._young: dict[Key, Entry] = {}
        self._old: dict[Key, Entry] = {}

    def get(self, key: Key) -> Entry | None:
        """The entry of a key, kept for longer by this use."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an entry; the generation that was not used since goes when the young one is full."""
        self._young[key] = entry
        self._old.pop(key, None)
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}

    def pop(self, key: Key) -> None:
        """Forget one key."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._young.clear()
        self._old.clear()
