"""One measured number beside its budget, and the table of them."""

import sys
from dataclasses import dataclass
from typing import Literal

Sense = Literal["<=", ">="]
_WIDTHS = (58, 12, 14, 12)


@dataclass(frozen=True)
class Measured:
    """`what` was measured, in `unit`; `budget` None for a number that is only told."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    sense: Sense = "<="

    @property
    def held(self) -> bool:
        if self.budget is None:
            return True
        return self.value <= self.budget if self.sense == "<=" else self.value >= self.budget


def show(row: Measured) -> None:
    """Print a row as soon as it is known; a long run must say something on its way."""
    budget = "" if row.budget is None else f"{row.sense} {_number(row.budget)}"
    verdict = "" if row.budget is None else ("ok" if row.held else "MISSED")
    cells = (row.what, _number(row.value), budget, f"{row.unit:<8}{verdict}")
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip())
    sys.stdout.flush()


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
