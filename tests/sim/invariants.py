"""I1–I10 of SYNC.md, read off the database, the phones, and the facts themselves once everything is quiet."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from server.domain import instants
from server.domain.doc import render
from server.domain.roles import Actor, buckets_of_person, buckets_of_ticket, may_see
from sync.digest import MODULUS, mark, shown
from tests.device import Phone
from tests.sim.alarms import check_alarms
from tests.sim.phone import SturdyPhone
from tests.sim.truth import Truth, read_truth
from tests.sim.watch import GOOD, final
from tests.sim.work import FACTS
from tests.town import person_id

if TYPE_CHECKING:
    from tests.sim.world import World

OUTCOMES = {"applied", "kept", "refused", "duplicate"}
NONE = {"count": 0, "checksum": "0" * 16}


def check(world: "World") -> list[str]:
    """What is wrong; empty if every invariant holds."""
    truth = read_truth(world.town.desk.engine)
    phones = [hand.phone for hand in world.living()]
    wrong = [*stored_once(world, truth), *the_view_is_right(world, truth), *facts_commute(world, truth)]
    for phone in phones:
        wrong += author_can_see(phone, world, truth)
        wrong += device_equals_view(phone, truth)
    wrong += photos_are_here(world, truth)
    wrong += check_alarms(world.town.desk.engine, truth)
    wrong += revoked_get_nothing(world)
    return [*wrong, *second_sync_is_empty(phones)]


def stored_once(world: "World", truth: Truth) -> Iterator[str]:
    """I1: acknowledged ⇒ in the log, with that outcome, and its effect on the tickets exactly once."""
    restored, excused = world.restored > 0, voided(world)
    if restored:  # what the server forgot, no phone that was rolled back and nobody revoked can send again
        excused |= world.watch.forgotten
        barred = {person_id(username) for username in world.revoked}
        excused |= {op for op, person in world.watch.tapped.items() if person in barred}
    for op, outcome in world.watch.acknowledged.items():
        if op in excused:
            continue
        row = truth.operations.get(op)
        told = {r.first or r.outcome for r in truth.receipts.get(op, ())}
        if row is None and not told:
            # What was refused is told, and not sent again to a restored server.
            if not (restored and outcome == "refused"):
                yield f"I1 {op}: acknowledged as {outcome}, not in the log"
        elif row is not None and outcome not in {row.outcome, *told}:
            yield f"I1 {op}: acknowledged as {outcome}, logged as {row.outcome}"
    yield from effects_once(truth)


def effects_once(truth: Truth) -> Iterator[str]:
    """I1: what was applied or kept stands on the tickets once, what was refused not at all."""
    entries = [(e, t) for t in truth.tickets.values() for e in t.timeline]
    times = Counter(e["id"] for e, _ in entries)
    people_ops = {
        op: row
        for op, row in truth.operations.items()
        if row.person in truth.register.people and row.name.startswith("ticket.")
    }
    for op, row in people_ops.items():
        if row.outcome in GOOD and (times[op] == 0 or (row.name in FACTS and times[op] > 1)):
            yield f"I1 {row.name} {op}: {row.outcome}, and {times[op]} times on timelines"
        if row.outcome == "refused" and times[op] and row.code != "already_accepted":
            yield f"I1 {row.name} {op}: refused, but on a timeline"
    once = Counter((e["id"], t.id) for e, t in entries)
    yield from (f"I1 {op}: {n} times on the timeline of {t}" for (op, t), n in once.items() if n > 1)
    known = {*truth.operations, *truth.receipts}
    yield from (f"I1 {op}: on a timeline, not in the log" for op in times if op not in known)


def voided(world: "World") -> set[str]:
    return {op for hand in world.hands for op in hand.phone.voided}


def author_can_see(phone: SturdyPhone, world: "World", truth: Truth) -> Iterator[str]:
    """I2, I6, I8: the outbox is empty, and everything in it ever was ended with a receipt that its author sees."""
    for pending in phone.outbox:
        yield f"I2 {phone.name}: {pending.raw['name']} n={pending.raw['n']} ({pending.outcome}) has no receipt"
    for each in phone.sent:
        op, name = each["raw"]["id"], each["raw"]["name"]
        row = truth.operations.get(op)
        if (
            row is not None
            and name != "void"
            and row.outcome != each["outcome"]
            and not truth.receipts.get(op)
        ):
            yield f"I2 {phone.name}: {name} {op} was told {each['outcome']}, the log says {row.outcome}"
    for one in phone.receipts.values():
        if one["outcome"] not in OUTCOMES or (final(one) != "applied" and not one.get("message")):
            yield f"I2 {phone.name}: a receipt without words: {one}"
    mine = {op for op, person in world.watch.tapped.items() if person == phone.user["id"]}
    everywhere: set[str] = set(world.watch.forgotten)
    for hand in world.hands:
        everywhere |= {each["raw"]["id"] for each in hand.phone.sent} | set(hand.phone.voided)
        everywhere |= {one["id"] for one in hand.phone.problems}
        everywhere |= {each.raw["id"] for each in hand.phone.outbox}
    yield from (f"I6 {op} of {phone.username} is on no phone any more" for op in sorted(mine - everywhere))


def expected_rows(actor: Actor, truth: Truth) -> set[str]:
    """The server's authorised view, from the tickets themselves and the person as he is."""
    own = buckets_of_person(actor)
    return {t.id for t in truth.tickets.values() if own & buckets_of_ticket(t)}


def own_row(actor: Actor, buckets: str) -> bool:
    return bool(buckets_of_person(actor) & set(buckets.split()))


def the_view_is_right(world: "World", truth: Truth) -> Iterator[str]:
    """I3 on the server's side: what is published, entitled and summed up follows from tickets and people."""
    for actor in truth.register.people.values():
        if truth.entitled.get(actor.id, set()) != buckets_of_person(actor):
            yield f"I3 {actor.username}: entitled to {truth.entitled.get(actor.id)}"
    sums: dict[str, tuple[int, int]] = {}
    for ticket in truth.tickets.values():
        row = truth.published[ticket.id]
        if (row.rev, set(row.buckets.split())) != (ticket.rev, buckets_of_ticket(ticket)):
            yield f"I3 {ticket.external_no}: published rev {row.rev} in {row.buckets}, it is {ticket.rev}"
    for row in truth.published.values():
        for bucket in row.buckets.split():
            count, total = sums.get(bucket, (0, 0))
            sums[bucket] = count + 1, (total + mark(row.type, row.id, row.rev)) % MODULUS
    kept = {b: (n, checksum) for b, (n, checksum) in truth.digests.items() if n}
    if kept != {b: (n, shown(total)) for b, (n, total) in sums.items()}:
        yield f"I3: digests are {kept}, the rows sum up to {sums}"


def device_equals_view(phone: SturdyPhone, truth: Truth) -> Iterator[str]:
    """I3, I4: the rows here are the reader's, all of them, as the server has them, and nobody else's."""
    actor = truth.register.people[phone.user["id"]]
    held, expected = set(phone.tickets), expected_rows(actor, truth)
    mine = {r.id for r in truth.published.values() if r.type != "ticket" and own_row(actor, r.buckets)}
    others = {id_ for type_, id_ in phone.base.rows if type_ != "ticket"}
    yield from (f"I3/I4 {phone.name}: alarm or alert {id_}" for id_ in sorted(mine ^ others))
    yield from (f"I4 {phone.name} holds {no(truth, id_)}, not his" for id_ in sorted(held - expected))
    yield from (f"I3 {phone.name} misses {no(truth, id_)}" for id_ in sorted(expected - held))
    for id_ in sorted(held & expected):
        ticket = truth.tickets[id_]
        if not may_see(actor, ticket):
            yield f"I4 {phone.name} holds {ticket.external_no}, which he may not see"
        made = json.loads(json.dumps(render(ticket, truth.register.units, truth.register.people)))
        if timeless(made) != timeless(phone.ticket(id_)):
            yield f"I3 {phone.name}: {ticket.external_no} differs at rev {phone.ticket(id_)['rev']}/{ticket.rev}"
        if ticket.confidential and ticket.content and ticket.content in json.dumps(phone.ticket(id_)):
            yield f"I4 {phone.name} holds the content of the confidential {ticket.external_no}"
    own = phone.own_digest()
    for bucket in buckets_of_person(actor) | set(own):
        count, checksum = truth.digests.get(bucket, (0, NONE["checksum"]))
        if own.get(bucket, NONE) != {"count": count, "checksum": checksum}:
            yield f"I3 {phone.name}: the digest of {bucket} differs"


def timeless(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is for the reader's clock to say, and what names people as they were called then."""
    deadlines = [{k: v for k, v in d.items() if k != "state"} for d in doc["deadlines"]]
    return {**doc, "deadlines": deadlines}


def no(truth: Truth, id_: str) -> str:
    return truth.tickets[id_].external_no if id_ in truth.tickets else f"a ticket unknown here, {id_}"


def second_sync_is_empty(phones: list[SturdyPhone]) -> Iterator[str]:
    """I9."""
    for phone in phones:
        if phone.outbox:
            continue
        answer = Phone.pull(phone, digest=True)
        if answer.status != 200:
            yield f"I9 {phone.name}: a second pull is answered {answer.status} {answer.code}"
        elif answer.json["changes"] or answer.json["receipts"] or answer.json["reset"]:
            yield f"I9 {phone.name}: a second pull brings {answer.json}"
        elif phone.own_digest() != {b: d for b, d in phone.digest.items() if d["count"]}:
            yield f"I3 {phone.name}: the digest told last differs"


def photos_are_here(world: "World", truth: Truth) -> Iterator[str]:
    """A photo whose bytes were taken in whole stands on its ticket as received, whichever came first."""
    states = {p["id"]: p["state"] for t in truth.tickets.values() for e in t.timeline for p in e["photos"]}
    if world.restored:
        return  # bytes are sent again by the PWA, not by this phone
    for hand in world.hands:
        for _, photo, _ in hand.delivered:
            if states.get(photo["id"], "received") != "received":
                yield f"photo {photo['id']} is here, its ticket says {states[photo['id']]}"


def revoked_get_nothing(world: "World") -> Iterator[str]:
    """I4: who was revoked is not let in."""
    for hand in world.hands:
        if hand.phone.username in world.revoked:
            answer = Phone.pull(hand.phone)
            # Somebody else may be signed in there; this phone does not even have his token then.
            if answer.status != 401 and answer.code not in {"wrong_user", "csrf"}:
                yield f"I4 {hand.phone.name} is revoked and answered {answer.status} {answer.code}"


# I10: what counts follows from the facts, whatever their order of arrival


def facts_commute(world: "World", truth: Truth) -> Iterator[str]:
    """First arrival and effective callback of every ticket, from the log alone, by (occurred_at, id)."""
    retracted = {
        json.loads(row.args)["op"]
        for row in truth.operations.values()
        if row.name == "ticket.retract" and row.outcome in GOOD
    }
    for ticket in truth.tickets.values():
        facts = [(e, truth.operations.get(e["id"])) for e in ticket.timeline if e["name"] in FACTS]
        lasting = [(e, row) for e, row in facts if row is not None and row.id not in retracted]
        arrivals = [(e, row) for e, row in lasting if row.name == "ticket.arrive"]
        for clock in (c for c in ticket.clocks if c["kind"] == "arrival"):
            first = min((_when(e, row) for e, row in arrivals if _counts(e, row, clock)), default=None)
            if clock["met"] != (first and first[0]) or (first and clock["op"] != first[1]):
                yield f"I10 {ticket.external_no}: arrival met {clock['met']} by {clock.get('op')}, facts say {first}"
        calls = [(e, row) for e, row in lasting if row.name == "ticket.callback"]
        chosen = _effective([(e, r) for e, r in calls if e["cycle"] == ticket.cycle])
        shown_ = [c["id"] for c in render(ticket, {}, {})["callbacks"] if c["effective"]] if calls else []
        if not ticket.confidential and shown_ != ([chosen] if chosen else []):
            yield f"I10 {ticket.external_no}: the effective callback is {shown_}, facts say {chosen}"


def _when(entry: Mapping[str, Any], row: Any) -> tuple[int, str]:
    """The office's confirmed moment stands for the phone's."""
    at = instants.parse(entry["occurred_at"]) if "confirmed" in entry else row.occurred_at
    return at, row.id


def _counts(entry: Mapping[str, Any], row: Any, clock: Mapping[str, Any]) -> bool:
    if entry["cycle"] != clock["cycle"] or row.outcome not in GOOD:
        return False
    confirmed = entry.get("confirmed")
    return bool(confirmed["accepted"]) if confirmed else row.trust != "unverified"


def _effective(calls: list[tuple[Mapping[str, Any], Any]]) -> str | None:
    """DOMAIN D16: the last connected, else the last declined, else the last of enough attempts."""
    ordered = sorted(calls, key=lambda one: _when(*one))
    outcomes = [(json.loads(row.args)["outcome"], row.id, entry) for entry, row in ordered]
    for wanted in ("connected", "declined"):
        found = [op for outcome, op, _ in outcomes if outcome == wanted]
        if found:
            return found[-1]
    called = [instants.parse(entry["callback"]["called_at"]) for _, _, entry in outcomes]
    halves = {(at + 8 * instants.HOUR_MS) // (12 * instants.HOUR_MS) for at in called}
    return outcomes[-1][1] if len(called) >= 3 and len(halves) >= 2 else None
