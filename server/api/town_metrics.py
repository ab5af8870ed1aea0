"""The town's own figures for `/metrics`: open alarms, how long one waits, the outbox, the processes beside us.

They are read from the database at each scrape: with several processes every one of them tells the same.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from server.domain.instants import DAY_MS
from server.store import alert_reports, deliveries, facts
from server.store.engine import reading
from sync.log import Retry, Unavailable

STATES = ("queued", "sending", "sent", "delivered", "seen", "acked", "failed", "gone")


def text(engine: Engine, now_ms: int) -> bytes:
    """Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Town(engine, now_ms))
    return generate_latest(registry)


class _Town(Collector):
    def __init__(self, engine: Engine, now_ms: int) -> None:
        self._engine = engine
        self._now_ms = now_ms

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("jiban_database_up", "Whether the database could be read at this scrape")
        try:
            with reading(self._engine) as connection:
                standing = alert_reports.standing(connection, self._now_ms - DAY_MS)
                waiting, since_ms = deliveries.waiting(connection)
                beats = facts.beginning_with(connection, facts.HEARTBEAT)
        except (SQLAlchemyError, Unavailable, Retry):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from self._alarms(standing)
        yield from self._outbox(standing.deliveries, waiting, since_ms)
        yield self._processes(beats)

    def _alarms(self, standing: alert_reports.Standing) -> Iterator[GaugeMetricFamily]:
        opened = GaugeMetricFamily("jiban_alarms_open", "Alarms that nobody acknowledged", labels=["what"])
        for what, n in standing.open_alarms.items():
            opened.add_metric([what], n)
        yield opened
        yield GaugeMetricFamily(
            "jiban_alarm_oldest_unacknowledged_seconds",
            "Since when the oldest real alarm waits for an answer; 0 if none does",
            value=self._age_s(standing.oldest_open_ms),
        )

    def _outbox(
        self, states: dict[str, int], waiting: int, since_ms: int | None
    ) -> Iterator[GaugeMetricFamily]:
        counted = GaugeMetricFamily(
            "jiban_deliveries",
            "Deliveries of the last 24 hours, and all that wait, by state",
            labels=["state"],
        )
        for state in STATES:
            counted.add_metric([state], states.get(state, 0))
        yield counted
        yield GaugeMetricFamily("jiban_outbox_waiting", "Deliveries that are not sent yet", value=waiting)
        yield GaugeMetricFamily(
            "jiban_outbox_oldest_waiting_seconds", "Age of the oldest of them", value=self._age_s(since_ms)
        )

    def _processes(self, beats: dict[str, str]) -> GaugeMetricFamily:
        ages = GaugeMetricFamily(
            "jiban_process_beat_age_seconds",
            "Since the last sign of a process beside the server",
            labels=["process"],
        )
        for name, beat in sorted(beats.items()):
            ages.add_metric([name], self._age_s(int(beat)))
        return ages

    def _age_s(self, since_ms: int | None) -> float:
        return 0.0 if since_ms is None else max(0, self._now_ms - since_ms) / 1000
