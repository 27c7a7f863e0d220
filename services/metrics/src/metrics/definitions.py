"""The published journeys as this process knows them, followed on `journey-definitions`.

A release is one transaction whose last record is `release/current`; seeing it means having all that it names.
"""

from journey_runtime.log import logger
from journey_runtime.processor import Headers
from journey_schemas.definition import RELEASE_KEY, Definition, Release
from journey_schemas.records import DECODE_ERRORS, decoder
from metrics.domain.definition import Journey, journey_of

log = logger(__name__)
_definition = decoder(Definition)
_release = decoder(Release)


class Definitions:
    """`journeys` by name and `release` are those in force; both empty before the first release."""

    def __init__(self) -> None:
        self.journeys: dict[str, Journey] = {}
        self.release: Release | None = None
        self._known: dict[str, Definition] = {}

    def on_record(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Take one record. What cannot be read leaves the former release in force and is logged."""
        if key is None:
            return
        name = key.decode("utf-8", "replace")
        try:
            if key == RELEASE_KEY:
                if value is not None:
                    self._switch(_release.decode(value))
            elif value is None:
                self._known.pop(name, None)
            else:
                self._known[name] = _definition.decode(value)
        except DECODE_ERRORS as error:
            log.error("definition_unreadable", key=name, error=type(error).__name__)

    def journey(self, name: str) -> Journey:
        """The journey in force, or an empty one of that name for what is only known by its counts."""
        return self.journeys.get(name) or Journey(name=name, title=name, status="ended")

    def _switch(self, release: Release) -> None:
        named = [self._known[name] for name in release.definitions if name in self._known]
        self.journeys = {
            one.name: journey_of(one.name, one.version, one.body) for one in named if one.kind == "journey"
        }
        self.release = release
        log.info("release_in_force", release=release.number, journeys=len(self.journeys))
