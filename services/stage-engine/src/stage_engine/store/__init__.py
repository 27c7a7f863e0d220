"""The local copy of the engine's states: one RocksDB per task, rebuilt from the changelog whenever it is in doubt."""
