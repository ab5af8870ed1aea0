"""How fast work comes in: batches of 50 over 8 connections, with sessions and all the rules."""

import itertools
import json
import threading
import time
import uuid
from collections import Counter
from typing import Any

from tests.bench.budget import Measured
from tests.bench.serving import Phone
from tests.bench.town import Town, call_in, give, hire
from tests.serving import Server

CONNECTIONS = 8
BATCH = 50
VISIT = 6  # operations of one visit
_rounds = itertools.count()


def visit(ticket: str, base: int) -> list[tuple[str, dict[str, Any]]]:
    """A whole visit: what a worker does with one ticket."""
    point = {"lat": 23.0001, "lng": 113.6801, "accuracy_m": 12, "fix_age_s": 3, "crs": "WGS84"}
    return [
        ("ticket.accept", {"opinion": "马上到场处理"}),
        ("ticket.depart", {}),
        ("ticket.arrive", {"point": point, "no_photo_reason": "手机摄像头损坏，稍后补拍"}),
        ("ticket.on_site_done", {"result": "已设置警示并更换井盖", "no_photo_reason": "手机摄像头损坏"}),
        (
            "ticket.callback",
            {"outcome": "connected", "resolved": True, "satisfaction": "satisfied", "summary": "已说明"},
        ),
        (
            "ticket.reply",
            {"finding": "true", "resolution": "resolved", "text": "您好，您反映的问题已处理完毕。"},
        ),
    ]


def batches(phone: Phone, tickets: list[tuple[str, int]]) -> list[bytes]:
    """The phone's whole outbox as request bodies, made before the clock runs."""
    ops: list[dict[str, Any]] = []
    for ticket, base in tickets:
        for name, args in visit(ticket, base):
            op = {
                "id": str(uuid.uuid4()),
                "n": len(ops) + 1,
                "name": name,
                "v": 1,
                "subject": ticket,
                "base": base,
            }
            ops.append({**op, "at": "2026-01-01T00:00:00.000Z", "args": args})
    return [phone.push_body(ops[i : i + BATCH]) for i in range(0, len(ops), BATCH)]


def measure(town: Town, server: Server, name: str, budget: float, tickets_each: int) -> list[Measured]:
    """Operations a second; every outcome is looked at, a fast refusal would be no work done."""
    workers = hire(town, CONNECTIONS, prefix=f"pusher{next(_rounds)}-")
    given = give(town, call_in(town, tickets_each * CONNECTIONS), workers)
    phones = [Phone(server.port, worker) for worker in workers]
    outboxes = [batches(phone, given[phone.username]) for phone in phones]
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda p=phone, o=outbox: answers.extend([p.push(body) for body in o]))  # type: ignore[misc]
        for phone, outbox in zip(phones, outboxes, strict=True)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    outcomes = Counter(result["outcome"] for answer in answers for result in json.loads(answer)["results"])
    count = tickets_each * CONNECTIONS * VISIT
    if outcomes != {"applied": count}:
        raise RuntimeError(f"not all was applied: {outcomes}")
    return [
        Measured(
            f"push, batches of {BATCH} over {CONNECTIONS} connections, {name}",
            count / seconds,
            "ops/s",
            budget,
            ">=",
        )
    ]
