"""Values made when they are first asked for."""

import threading

from server.actions.lazy import lazy


class Owner:
    def __init__(self, gate: threading.Event) -> None:
        self.gate, self.made = gate, 0

    @lazy
    def value(self) -> int:
        """Made once it may."""
        assert self.gate.wait(10)
        self.made += 1
        return self.made


def test_a_value_is_made_once_for_each_object() -> None:
    opened = threading.Event()
    opened.set()
    one, other = Owner(opened), Owner(opened)
    assert (one.value, one.value, other.value, one.made, other.made) == (1, 1, 1, 1, 1)


def test_nobody_waits_while_another_objects_value_is_made() -> None:
    shut, opened = threading.Event(), threading.Event()
    opened.set()
    slow = Owner(shut)
    waiting = threading.Thread(target=lambda: slow.value)
    waiting.start()
    quick = threading.Thread(target=lambda: Owner(opened).value)
    quick.start()
    quick.join(5)
    stuck = quick.is_alive()
    shut.set()
    waiting.join()
    assert not stuck
