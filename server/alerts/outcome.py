"""What became of one attempt to send, and when the next one is due. Pure."""

from dataclasses import dataclass
from typing import Literal

State = Literal["sent", "gone", "failed", "retry"]

FIRST_WAIT_MS = 1_000
WAIT_MS_MAX = 60_000
RETRY_AFTER_S_MAX = 3_600.0  # what a service asks beyond this is not waited for


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sent`; `gone`: that address takes nothing any more; `failed`: for good; `retry`: not now.

    `error` is a code, never an address or a text of the other side.
    """

    state: State
    error: str | None = None
    retry_after_s: float | None = None


SENT = Outcome("sent")


def of_status(status: int, retry_after_s: float | None = None) -> Outcome:
    """What a push service means by its answer (RFC 8030, RFC 8292)."""
    if status in {200, 201, 202, 204}:
        return SENT
    if status in {404, 410}:
        return Outcome("gone", f"http_{status}")
    if status == 413:
        return Outcome("failed", "too_large")
    if status in {401, 403}:
        return Outcome(
            "failed", "vapid_refused"
        )  # our key is not the one that the subscription was made with
    if status in {408, 425, 429} or status >= 500:
        return Outcome("retry", f"http_{status}", retry_after_s)
    if 300 <= status < 400:
        return Outcome("failed", "redirect")
    return Outcome("failed", f"http_{status}")


def next_try_ms(outcome: Outcome, attempts: int, now_ms: int, expires_ms: int, jitter: float) -> int | None:
    """When to try again after `attempts` attempts, None if the message would come too late by then.

    `jitter` in 0–1 spreads those that failed together over the second half of the wait.
    """
    if outcome.retry_after_s is not None:
        if outcome.retry_after_s > RETRY_AFTER_S_MAX:
            return None
        wait_ms = max(FIRST_WAIT_MS, int(outcome.retry_after_s * 1000))
    else:
        wait_ms = min(FIRST_WAIT_MS << min(attempts - 1, 10), WAIT_MS_MAX)
        wait_ms = int(wait_ms * (0.5 + jitter / 2))
    at_ms = now_ms + wait_ms
    return at_ms if at_ms < expires_ms else None
