"""The one place that reads the clock. Everything else is handed the time as an argument."""

import time


def now_ms() -> int:
    """The present moment: milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
