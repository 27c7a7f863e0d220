"""Questions of the API and the console. Counts come from the rollups, so their cost does not grow with the facts."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from metrics.domain.figures import JourneyCounts, MessageFigures, message_figures

#: Percentiles are looked up again after this many times as long as the last look took: at most 2 % of a core.
_REST_FACTOR = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """Time in a stage, in seconds: of the `n` visits that ended; `oldest_at` is the longest still inside."""

    n: int = 0
    median_s: float | None = None
    p90_s: float | None = None
    oldest_at: datetime | None = None


class Figures:
    """Reads through a pool, or through one connection where several answers must agree."""

    def __init__(self, pool: asyncpg.Pool | asyncpg.Connection) -> None:
        self._pool = pool
        self._stays: dict[str, tuple[float, dict[str, Stays]]] = {}

    @contextlib.asynccontextmanager
    async def at_once(self) -> AsyncIterator["Figures"]:
        """Figures of one moment: whatever is asked within sees the same state."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Figures(connection)

    async def journeys(self) -> dict[str, JourneyCounts]:
        """The counts of every journey ever entered or refused."""
        rows = await self._pool.fetch(
            "SELECT journey, kind, stage, way, sum(n)::bigint AS n FROM metrics.journey_daily GROUP BY 1, 2, 3, 4"
        )
        found: dict[str, JourneyCounts] = {}
        for one in rows:
            counts = found.setdefault(one["journey"], JourneyCounts())
            counts.n[one["kind"], one["stage"], one["way"]] = one["n"]
        return found

    async def journey(self, journey: str) -> JourneyCounts:
        """The counts of one journey."""
        rows = await self._pool.fetch(
            "SELECT kind, stage, way, sum(n)::bigint AS n FROM metrics.journey_daily"
            " WHERE journey = $1 GROUP BY 1, 2, 3",
            journey,
        )
        return JourneyCounts({(one["kind"], one["stage"], one["way"]): one["n"] for one in rows})

    async def messages(self, journey: str | None = None) -> dict[tuple[str, str], MessageFigures]:
        """By stage and message: of one journey, or of all (stages of equal names are then added)."""
        rows = await self._pool.fetch(
            "SELECT stage, message, outcome, reason, sum(n)::bigint AS n FROM metrics.message_daily"
            " WHERE $1::text IS NULL OR journey = $1 GROUP BY 1, 2, 3, 4",
            journey,
        )
        return message_figures((one["stage"], one["message"], one["outcome"], one["reason"], one["n"]) for one in rows)

    async def stays(self, journey: str) -> dict[str, Stays]:
        """By stage, exact; over very many visits a little older than the counts, so that looking stays cheap."""
        now = time.monotonic()
        good_until, known = self._stays.get(journey, (0.0, {}))
        if now < good_until:
            return known
        rows = await self._pool.fetch(
            """
            SELECT stage, count(*) AS n, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY stay_s) AS at,
                   NULL::timestamptz AS oldest_at
            FROM metrics.stage_visit WHERE journey = $1 AND stay_s IS NOT NULL GROUP BY stage
            UNION ALL
            SELECT stage, 0, NULL, min(entered_at)
            FROM metrics.stage_visit WHERE journey = $1 AND left_at IS NULL AND entered_at IS NOT NULL GROUP BY stage
            """,
            journey,
        )
        found: dict[str, Stays] = {}
        for one in rows:
            former = found.get(one["stage"], Stays())
            at = one["at"] or [former.median_s, former.p90_s]
            found[one["stage"]] = Stays(
                n=former.n + one["n"],
                median_s=at[0],
                p90_s=at[1],
                oldest_at=former.oldest_at or one["oldest_at"],
            )
        took = time.monotonic() - now
        self._stays[journey] = (time.monotonic() + took * _REST_FACTOR, found)
        return found

    async def touchpoints(self) -> dict[str, int]:
        """Touchpoints by event."""
        rows = await self._pool.fetch(
            "SELECT event, sum(n)::bigint AS n FROM metrics.touch_daily GROUP BY event ORDER BY event"
        )
        return {one["event"]: one["n"] for one in rows}

    async def people(self) -> tuple[int, int]:
        """Profiles that are roots, and merges."""
        rows = await self._pool.fetch("SELECT kind, n FROM metrics.people_total")
        n = {one["kind"]: one["n"] for one in rows}
        return n.get("profiles", 0) - n.get("merges", 0), n.get("merges", 0)

    async def roots_of(self, identifier: str, namespaces: Iterable[str]) -> list[str]:
        """Today's profiles that an identifier was seen with."""
        names = list(namespaces)
        rows = await self._pool.fetch(
            "SELECT DISTINCT coalesce(p.merged_into, p.profile_id) AS root FROM metrics.identifier i"
            " JOIN metrics.profile p USING (profile_id)"
            " JOIN unnest($1::text[], $2::text[]) AS k(namespace, value)"
            " ON i.namespace = k.namespace AND i.value = k.value ORDER BY root",
            names,
            [identifier.strip().lower() if name == "email" else identifier for name in names],
        )
        return [one["root"] for one in rows]

    async def newest(self) -> datetime | None:
        """When the newest touchpoint that is counted came in."""
        found: datetime | None = await self._pool.fetchval("SELECT max(received_at) FROM metrics.touch")
        return found
