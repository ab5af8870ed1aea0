"""Run any seeds by hand: `python -m tests.sim --seeds 1000 [--first N] [--trace]`."""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.quick import memory_folder
from tests.sim.ground import Ground
from tests.sim.world import run_seed


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    asked.add_argument("--seeds", type=int, default=200, help="how many")
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--trace", action="store_true", help="print what happened in every seed")
    asked.add_argument("--keep-going", action="store_true", help="do not stop at the tenth failing seed")
    told = asked.parse_args()
    failed: list[int] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        ground = Ground(Path(folder))
        for seed in range(told.first, told.first + told.seeds):
            trace: list[str] = []
            try:
                wrong = run_seed(ground, seed, trace)
            except Exception:  # noqa: BLE001 - a crash is a finding too, with its trace
                wrong = [traceback.format_exc()]
            if wrong:
                failed.append(seed)
            if wrong or told.trace:
                print(report(seed, wrong, trace), flush=True)
            if len(failed) == 10 and not told.keep_going:
                break
    seconds = time.monotonic() - started
    print(f"{told.seeds} seeds from {told.first} in {seconds:.1f} s, failed: {failed or 'none'}")
    return 1 if failed else 0


def report(seed: int, wrong: list[str], trace: list[str]) -> str:
    lines = [f"seed {seed}:", *(f"  {line}" for line in trace), *(f"  >> {line}" for line in wrong)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
