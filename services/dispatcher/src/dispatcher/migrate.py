"""`python -m dispatcher migrate`: brings the tables to the version this program works with."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def migrate(dsn: str) -> None:
    """Run what is missing, in one transaction; a second process waits. The service never does this by itself."""
    config = _config()
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


def newest() -> str:
    """The version that migrating leads to."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
