"""A push body as browsers make it: half of an emoji is its operation's fault, never the whole outbox's (SYNC I8)."""

from tests.device import Phone
from tests.town import Town


def push(phone: Phone, text: str) -> tuple[int, dict]:
    headers = {"X-CSRF-Token": phone.csrf, "Content-Type": "application/json"}
    response = phone.transport.client.post("/api/v1/sync/push", data=text, headers=headers)
    return response.status_code, response.json


def test_a_text_cut_inside_an_emoji_is_refused_alone_and_blocks_nothing(town: Town) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    cut = worker.act("ticket.note", id_, {"text": "已修好\ud83d"})
    good = worker.act("ticket.note", id_, {"text": "已修好👍"})
    worker.sync()
    assert (worker.receipts[cut]["outcome"], worker.receipts[cut]["code"]) == ("refused", "invalid_args")
    assert worker.receipts[good]["outcome"] == "applied"
    assert worker.outbox == []


def test_a_body_that_is_no_json_is_still_refused_whole(town: Town) -> None:
    worker = town.phone("worker")
    for text in ('{"ops": ["\\ud83d"', "\\ud83d", "[" * 100_000 + '"\\ud83d"'):
        status, body = push(worker, text)
        assert (status, body["error"]["code"]) == (400, "bad_json")
