"""What a month's alarms showed: who acknowledged how fast, by which channel, and who was never reached (DOMAIN D20).

Pure: the rows come from the store, times are milliseconds UTC, what comes out counts seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.domain.indicators import percentile_s

LOST = frozenset({"failed", "gone"})


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of one channel's way to a person, the best of its tries."""

    channel: str
    state: str  # queued | sent | delivered | seen | acked | failed | gone
    sent_ms: int | None = None
    delivered_ms: int | None = None
    seen_ms: int | None = None
    acked_ms: int | None = None
    target: str | None = None  # the device of a push
    error: str | None = None

    @property
    def reached_ms(self) -> int | None:
        """When it is first known to have come to the person."""
        known = [at for at in (self.delivered_ms, self.seen_ms) if at is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class Alarmed:
    """One person in one alarm. `informed`: told, not asked; then nobody waits for his 收到."""

    alarm: str
    alert: str
    group: str  # the drill's id; empty for real alarms
    kind: str
    person: str
    raised_ms: int
    acked_ms: int | None
    informed: bool
    seen_ms: int | None = None
    sendings: tuple[Sending, ...] = ()

    @property
    def took_s(self) -> int | None:
        """Seconds from the alarm to the acknowledgement, by honest time."""
        return None if self.acked_ms is None else max(0, self.acked_ms - self.raised_ms) // 1000


def figures(rows: Iterable[Alarmed]) -> dict[str, Any]:
    """How many were asked, how many answered and in what time; who was only informed is counted apart."""
    every = list(rows)
    asked = [row for row in every if not row.informed]
    times = [row.took_s for row in asked if row.took_s is not None]
    return {
        "alarms": len(asked),
        "acked": len(times),
        "never": len(asked) - len(times),
        "informed": len(every) - len(asked),
        "p50_s": percentile_s(times, 50),
        "max_s": max(times, default=None),
    }


def by_channel(rows: Iterable[Alarmed]) -> dict[str, dict[str, int]]:
    """For each channel: to how many alerts it was sent, came, was seen, failed, came first, carried the answer."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        first, answered = first_channel(row), ack_channel(row)
        for channel, ways in _ways(row.sendings).items():
            counts = found.setdefault(channel, dict.fromkeys(_COUNTS, 0))
            reached = any(way.reached_ms is not None for way in ways)
            counts["sent"] += reached or any(way.sent_ms is not None for way in ways)
            counts["delivered"] += reached
            counts["seen"] += any(way.seen_ms is not None for way in ways)
            counts["failed"] += {way.state for way in ways} <= LOST
            counts["first"] += channel == first
            counts["acked"] += channel == answered
    return dict(sorted(found.items()))


_COUNTS = ("sent", "delivered", "seen", "acked", "failed", "first")


def _ways(sendings: Iterable[Sending]) -> dict[str, list[Sending]]:
    found: dict[str, list[Sending]] = {}
    for one in sendings:
        found.setdefault(one.channel, []).append(one)
    return found


def first_channel(row: Alarmed) -> str | None:
    """The channel that is the first known to have reached the person."""
    known = [(one.reached_ms, one.channel) for one in row.sendings if one.reached_ms is not None]
    return min(known, default=(0, None))[1]


def ack_channel(row: Alarmed) -> str | None:
    """The channel that carried the answer: the last one looked at before it; None where that is not known."""
    if row.acked_ms is None:
        return None
    answered = [one for one in row.sendings if one.acked_ms is not None]
    if len({one.channel for one in answered}) == 1:
        return answered[0].channel
    seen = [
        (one.seen_ms, one.channel)
        for one in row.sendings
        if one.seen_ms is not None and one.seen_ms <= row.acked_ms
    ]
    return max(seen, default=(0, None))[1]


def by_person(rows: Iterable[Alarmed]) -> list[tuple[str, dict[str, Any]]]:
    """Everybody's figures over all these alarms, those who left alarms unanswered first."""
    groups: dict[str, list[Alarmed]] = {}
    for row in rows:
        groups.setdefault(row.person, []).append(row)
    found = [
        (person, {**figures(group), "by_channel": by_channel(group)}) for person, group in groups.items()
    ]
    return sorted(found, key=lambda each: (-each[1]["never"], -(each[1]["max_s"] or 0), each[0]))


def in_one(rows: Sequence[Alarmed]) -> list[dict[str, Any]]:
    """One drill's people: what each did, person by person."""
    told = [
        {
            "person": row.person,
            "alert": row.alert,
            "raised_ms": row.raised_ms,
            "acked_ms": row.acked_ms,
            "seconds": row.took_s,
            "informed": row.informed,
            "first_channel": first_channel(row),
            "ack_channel": ack_channel(row),
        }
        for row in rows
    ]
    return sorted(told, key=lambda each: (each["seconds"] is None, each["seconds"] or 0, each["person"]))


@dataclass(frozen=True, slots=True)
class Phone:
    """What a device said of itself and what became of its subscription."""

    device: str
    person: str
    permission: str  # granted | denied | default | unsupported
    subscribed: bool
    reason: str | None
    platform: str
    installed: bool
    reported_ms: int
    gone_ms: int | None = None


def unreachable(rows: Iterable[Alarmed], phones: Iterable[Phone]) -> list[dict[str, Any]]:
    """Devices to which no push came through, and people whom neither a push nor the open app reached."""
    by_device: dict[tuple[str, str], list[tuple[int, Sending]]] = {}
    reached_in_app: set[str] = set()
    alarmed: dict[str, int] = {}
    for row in rows:
        alarmed[row.person] = max(row.raised_ms, alarmed.get(row.person, 0))
        for one in row.sendings:
            if one.channel == "push" and one.target:
                by_device.setdefault((row.person, one.target), []).append((row.raised_ms, one))
            elif one.channel == "app" and one.reached_ms is not None:
                reached_in_app.add(row.person)
        if row.acked_ms is not None or row.seen_ms is not None:
            reached_in_app.add(row.person)
    found = [_lost_device(*key, tries) for key, tries in by_device.items() if _is_lost(tries)]
    pushed = {person for person, _ in by_device}
    known = _reasons(phones)
    for person, at_ms in alarmed.items():
        if person not in pushed and person not in reached_in_app:
            found.append(
                {"person": person, "device": None, "reason": known.get(person, "no_device"), "at_ms": at_ms}
            )
    return sorted(found, key=lambda each: (each["person"], each["device"] or ""))


def _is_lost(tries: Sequence[tuple[int, Sending]]) -> bool:
    """The newest try decides: a phone that came back is no longer lost."""
    return max(tries, key=lambda each: each[0])[1].state in LOST


def _lost_device(person: str, device: str, tries: Sequence[tuple[int, Sending]]) -> dict[str, Any]:
    at_ms, last = max(tries, key=lambda each: each[0])
    return {"person": person, "device": device, "reason": last.error or f"push_{last.state}", "at_ms": at_ms}


def _reasons(phones: Iterable[Phone]) -> Mapping[str, str]:
    """Why a person with devices has no push: the newest device's own words."""
    found: dict[str, str] = {}
    for phone in sorted(phones, key=lambda each: each.reported_ms):
        if phone.permission != "granted":
            found[phone.person] = f"permission_{phone.permission}"
        else:
            found[phone.person] = phone.reason or "no_subscription"
    return found


def without_permission(phones: Iterable[Phone]) -> list[Phone]:
    """Devices whose browser was not allowed to show notifications."""
    return sorted((each for each in phones if each.permission != "granted"), key=_by_person)


def gone(phones: Iterable[Phone], from_ms: int, to_ms: int) -> list[Phone]:
    """Devices whose subscription the push service forgot in this time and that did not subscribe again."""
    lost = (
        each
        for each in phones
        if each.gone_ms is not None and from_ms <= each.gone_ms < to_ms and not each.subscribed
    )
    return sorted(lost, key=_by_person)


def _by_person(phone: Phone) -> tuple[str, str]:
    return phone.person, phone.device
