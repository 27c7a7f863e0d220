"""One RocksDB: opened, stamped with what it belongs to, closed in the right order."""

import shutil
from pathlib import Path
from typing import Any  # Any: rocksdict carries no types

from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch

from stage_engine.errors import ForeignStore, NewerStore, StoreDamaged
from stage_engine.store.layout import META, STATE, TIMERS

FORMAT = 1
_MEMTABLE = 16 << 20
_OPEN_FILES = 256


class Database:
    """The three column families of one task. Not thread-safe; one owner."""

    def __init__(self, folder: Path, cache: Any) -> None:
        self.folder = folder
        self._cache = cache
        self._db: Any = None
        self._families: dict[str, Any] = {}
        self._handles: dict[str, Any] = {}

    @property
    def is_open(self) -> bool:
        """Whether the files are held."""
        return self._db is not None

    def open(self, *, task: int, cluster: str) -> None:
        """Open or create. Raises `ForeignStore`, `NewerStore`, or `StoreDamaged` when it must be rebuilt."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = Rdict(
                str(self.folder), self._options(), {name: self._options() for name in (STATE, TIMERS, META)}
            )
        except Exception as error:  # noqa: BLE001 - rocksdict raises bare Exception for any file it cannot read
            raise StoreDamaged(str(error)) from error
        for name in (STATE, TIMERS, META):
            self._families[name] = self._db.get_column_family(name)
            self._handles[name] = self._db.get_column_family_handle(name)
        self._check_stamp({"format": str(FORMAT), "task": str(task), "cluster": cluster})

    def _check_stamp(self, own: dict[str, str]) -> None:
        found = {name: self.note(name) for name in own}
        if found["format"] is None:
            batch = self.batch()
            for name, value in own.items():
                self.put(batch, META, name.encode(), value.encode())
            self.write(batch)
            return
        if int(found["format"]) > FORMAT:
            self.close()
            raise NewerStore
        if found["task"] != own["task"]:
            self.close()
            raise ForeignStore
        if found["cluster"] != own["cluster"]:
            # Another cluster's offsets say nothing about ours: only the changelog can be believed.
            raise StoreDamaged("the copy belongs to another cluster")

    def _options(self) -> Any:
        table = BlockBasedOptions()
        table.set_block_cache(self._cache)
        table.set_bloom_filter(10, False)  # noqa: FBT003 - the library's own signature
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003
        options.create_missing_column_families(True)  # noqa: FBT003
        options.set_block_based_table_factory(table)
        options.set_write_buffer_size(_MEMTABLE)
        options.set_max_write_buffer_number(2)
        options.set_max_open_files(_OPEN_FILES)
        return options

    def note(self, name: str) -> str | None:
        """A value of `meta`."""
        value = self._families[META].get(name.encode())
        return None if value is None else value.decode()

    def get(self, family: str, key: bytes) -> bytes | None:
        """One value."""
        found: bytes | None = self._families[family].get(key)
        return found

    def get_many(self, family: str, keys: list[bytes]) -> list[bytes | None]:
        """Values in the order of `keys`, None where there is none."""
        found: list[bytes | None] = self._families[family].get(keys)
        return found

    def scan(self, family: str, start: bytes) -> Any:
        """An iterator standing at the first key not below `start`: `valid()`, `key()`, `value()`, `next()`."""
        iterator = self._families[family].iter()
        iterator.seek(start)
        return iterator

    def batch(self) -> Any:
        """An empty batch, written as a whole."""
        return WriteBatch(raw_mode=True)

    def put(self, batch: Any, family: str, key: bytes, value: bytes) -> None:
        """Add a write to a batch."""
        batch.put(key, value, self._handles[family])

    def delete(self, batch: Any, family: str, key: bytes) -> None:
        """Add a deletion to a batch."""
        batch.delete(key, self._handles[family])

    def write(self, batch: Any) -> None:
        """Make a batch true, all of it or nothing; not synced: the changelog is the durable copy."""
        self._db.write(batch)

    def close(self) -> None:
        """Let go of the files: column families first, or a second open in this process finds them locked."""
        if self._db is None:
            return
        self._handles.clear()
        for family in self._families.values():
            family.close()
        self._families.clear()
        self._db.close()
        self._db = None

    def remove(self) -> None:
        """Close and delete all files, for a rebuild."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def block_cache(size: int = 256 << 20) -> Any:
    """The one block cache that all tasks of a process share."""
    return Cache(size)
