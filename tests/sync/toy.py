"""A handler small enough to see through: things with a text, a list of notes and their buckets.

`thing.put {text?, buckets?, gone?, into?}` is a decision (refused `stale_base` on another rev than `base`),
`thing.note {text}` a fact: applied to who may see the thing, `kept` for who once did, refused to strangers.
`thing.boom` is a defect in the rules, `thing.unsavable` one in saving, `thing.poison` a value that the database
does not take. `thing.chain {count?, then?}` is followed by operations of the server: `count` links of itself on the
same thing, or those that `then` lists as [id, name, subject, args]. Version 1 of `thing.put` called the text `title`.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from sync.clock import Moment
from sync.log import Author, Change, Follow, Row, Unfit, Verdict, Writing
from sync.op import Op, make_op

TYPE = "thing"


class ToyHandler:
    """Keeps its things in the published documents themselves."""

    names: ClassVar = {
        "thing.put": {1, 2},
        "thing.note": {1},
        "thing.boom": {1},
        "thing.unsavable": {1},
        "thing.poison": {1},
        "thing.chain": {1},
    }

    def knows(self, name: str, v: int) -> bool:
        return v in self.names.get(name, ())

    def upcast(self, op: Op) -> Op:
        if op.name == "thing.put" and op.v == 1 and "title" in op.args:
            args = {("text" if key == "title" else key): value for key, value in op.args.items()}
            return replace(op, v=2, args=args)
        return op

    def open(self, tx: Writing, subjects: Sequence[str], author: Author) -> "ToyWork":
        held = tx.ever_held(author.person, subjects, TYPE)
        return ToyWork(tx, dict(tx.rows(TYPE, subjects)), held)


class ToyWork:
    """A batch of things in memory."""

    def __init__(self, tx: Writing, rows: dict[str, Row], held: set[str]) -> None:
        self.tx = tx
        self.rows = rows
        self.held = held
        self.changed: dict[str, Change] = {}
        self.curse: str | None = None

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        assert op.subject is not None
        if op.subject not in self.rows:  # of something that follows, not named to open
            self.rows.update(self.tx.rows(TYPE, [op.subject]))
        row = self.rows.get(op.subject, Row(TYPE, op.subject, 0, frozenset(), "{}"))
        doc = json.loads(row.doc)
        if op.name == "thing.boom":
            raise ZeroDivisionError("the toy's rules are wrong")
        if op.name in {"thing.unsavable", "thing.poison"}:
            self.curse = op.name
            return Verdict("applied", rev=row.rev)
        if op.name == "thing.chain":
            doc["links"] = doc.get("links", 0) + 1
            return replace(self._set(row, row.buckets, doc, op), then=tuple(_links(op)))
        if op.name == "thing.put":
            if op.base is not None and op.base != row.rev:
                return Verdict("refused", "stale_base", {"rev": row.rev})
            if not isinstance(op.args.get("text", ""), str):
                return Verdict("refused", "invalid_args", {"field": "text"})
            doc["text"] = op.args.get("text", doc.get("text", ""))
            buckets = frozenset(op.args.get("buckets", row.buckets))
            return self._set(row, buckets, doc, op)
        return self._note(row, doc, op, moment, author)

    def _note(self, row: Row, doc: dict[str, Any], op: Op, moment: Moment, author: Author) -> Verdict:
        mine = bool(row.buckets & author.actor) if author.actor else bool(row.buckets)
        if not mine and row.id not in self.held:
            return Verdict("refused", "not_yours")
        notes = [*doc.get("notes", []), [moment.occurred_at_ms, op.id, op.args["text"]]]
        doc["notes"] = sorted(notes)
        verdict = self._set(row, row.buckets, doc, op)
        return verdict if mine else replace(verdict, outcome="kept")

    def _set(self, row: Row, buckets: frozenset[str], doc: dict[str, Any], op: Op) -> Verdict:
        text = json.dumps(doc, ensure_ascii=False)
        now = Row(TYPE, row.id, row.rev + 1, buckets, text)
        self.rows[row.id] = now
        gone, into = op.args.get("gone"), op.args.get("into")
        self.changed[row.id] = Change(TYPE, row.id, now.rev, buckets, text, gone, into)
        return Verdict("applied", rev=now.rev)

    def save(self) -> list[Change]:
        if self.curse == "thing.unsavable":
            raise KeyError("the toy cannot save this")
        if self.curse == "thing.poison":
            connection = getattr(self.tx, "connection", None)
            if connection is None:
                raise Unfit("no dictionary takes this")
            connection.exec_driver_sql("INSERT INTO published (type, id) VALUES (NULL, NULL)")
        return list(self.changed.values())


def _links(op: Op) -> list[Follow]:
    system = Author("system")
    count = op.args.get("count", 0)
    following = [
        Follow(make_op(id_, name, of, args, v=2 if name == "thing.put" else 1), system)
        for id_, name, of, args in op.args.get("then", [])
    ]
    if count:
        link = str(uuid.uuid5(uuid.UUID(op.id), "next"))
        following.append(Follow(make_op(link, op.name, op.subject, {"count": count - 1}), system))
    return following
