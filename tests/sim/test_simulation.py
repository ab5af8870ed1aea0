"""Seeds of the fault simulation: after any mix of the faults of SYNC.md, I1–I10 hold once it is quiet.

`JIBAN_TEST_SEEDS` says how many. Any number by hand: `python -m tests.sim --seeds 1000 --first 200`; the story of one:
`--first 17 --seeds 1 --trace`.
"""

import os

import pytest

from tests.sim.__main__ import report
from tests.sim.ground import Ground
from tests.sim.world import run_seed

SEEDS = int(os.environ.get("JIBAN_TEST_SEEDS", "60"))
CHUNK = 10
POSTGRES_SEEDS = 4


def failing(ground: Ground, seeds: range) -> list[str]:
    stories = []
    for seed in seeds:
        trace: list[str] = []
        wrong = run_seed(ground, seed, trace)
        if wrong:
            stories.append(report(seed, wrong, trace))
    return stories


@pytest.mark.sim
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_after_any_trouble_every_invariant_holds(ground: Ground, first: int) -> None:
    stories = failing(ground, range(first, min(first + CHUNK, SEEDS)))
    assert not stories, "\n\n".join(stories)


@pytest.mark.sim
@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(1_000, 1_000 + POSTGRES_SEEDS))
def test_after_any_trouble_every_invariant_holds_on_postgresql(postgres_ground: Ground, seed: int) -> None:
    stories = failing(postgres_ground, range(seed, seed + 1))
    assert not stories, "\n\n".join(stories)
