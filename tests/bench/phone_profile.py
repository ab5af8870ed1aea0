"""What a missed budget was spent on: the functions that took the page's own thread longest."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import CDPSession

EVERY_US = 500
LINES = 12
_NOT_WORK = {"(idle)", "(root)"}


class Profile:
    """Time by function, filled at the end of `profiled`."""

    def __init__(self) -> None:
        self.own_ms: Counter[str] = Counter()
        self.whole_ms: Counter[str] = Counter()

    def lines(self) -> list[str]:
        top = [f"      {ms:7.0f} ms  {name}" for name, ms in self.own_ms.most_common(LINES)]
        calls = [f"      {ms:7.0f} ms  {name}" for name, ms in self.whole_ms.most_common(LINES)]
        return ["    by function alone:", *top, "    with what it called:", *calls]


@contextmanager
def profiled(cdp: CDPSession, found: Profile) -> Iterator[None]:
    """Sample the page's own thread during the block. Slows it somewhat: never measure and profile in one run."""
    cdp.send("Profiler.enable")
    cdp.send("Profiler.setSamplingInterval", {"interval": EVERY_US})
    cdp.send("Profiler.start")
    yield
    _fill(found, cdp.send("Profiler.stop")["profile"])


def _fill(found: Profile, told: dict[str, Any]) -> None:
    nodes = {node["id"]: node for node in told["nodes"]}
    parents = {child: node["id"] for node in told["nodes"] for child in node.get("children", [])}
    for id_, us in zip(told["samples"], told["timeDeltas"], strict=True):
        if nodes[id_]["callFrame"]["functionName"] in _NOT_WORK:
            continue
        found.own_ms[_name(nodes[id_])] += us / 1000
        at: int | None = id_
        on_stack = set()
        while at is not None:
            on_stack.add(_name(nodes[at]))
            at = parents.get(at)
        for name in on_stack - _NOT_WORK:
            found.whole_ms[name] += us / 1000


def _name(node: dict[str, Any]) -> str:
    frame = node["callFrame"]
    file = frame["url"].rsplit("/", 1)[-1]
    where = f"  {file}:{frame['lineNumber'] + 1}:{frame['columnNumber'] + 1}" if file else ""
    return (frame["functionName"] or "(anonymous)") + where
