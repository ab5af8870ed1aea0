"""Run every check and every test, sensibly side by side on two cores, and sum them up.

The quick checks run in two lanes at once; then pytest on both cores; then the browser tests, two files at a time,
each with a town of its own. Each step's output goes to build/test/STEP.log and is shown when it failed. The exit
code is 0 only when every step ran and passed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import setup  # noqa: E402

LOGS = ROOT / "build" / "test"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
PYTEST = [PYTHON, "-m", "pytest", "-q", "-n", "2"]
STEP_SECONDS_MAX = 45 * 60
SHOWN_LINES_MAX = 400


@dataclass(frozen=True)
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Step:
    name: str
    commands: list[list[str]]
    cwd: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    tally: Callable[[], Tally] | None = None  # for steps that count tests


@dataclass(frozen=True)
class Outcome:
    step: Step
    ok: bool
    seconds: float
    tally: Tally


def main(arguments: list[str]) -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as lanes:
        checks_only = "--checks-only" in arguments
        stages = [python_checks(), node_checks()] if checks_only else both_lanes(Path(folder))
        outcomes = [outcome for lane in lanes.map(run_lane, stages) for outcome in lane]
        if not checks_only:
            outcomes += run_lane([pytest(), browser_tests()])
    return summarise(outcomes, count_tests=not checks_only)


def both_lanes(folder: Path) -> list[list[Step]]:
    return [[*python_checks(), *consistency(folder)], [build(), *node_checks(), vitest()]]


def python_checks() -> list[Step]:
    return [
        Step("ruff", [[PYTHON, "-m", "ruff", "check", "--no-fix"]]),
        Step("ruff format", [[PYTHON, "-m", "ruff", "format", "--check"]]),
        Step("mypy", [[PYTHON, "-m", "mypy"]]),
        Step("import rules", [[str(ROOT / ".venv" / "bin" / "lint-imports"), "--no-cache"]]),
    ]


def consistency(folder: Path) -> list[Step]:
    flask = [PYTHON, "-m", "flask", "--app", "wsgi", "db"]
    environment = {"JIBAN_DATA": str(folder / "data"), "JIBAN_DEMO": ""}
    return [
        Step("contract", [[PYTHON, "tools/contract.py", "--check"]]),
        Step("migrations", [[*flask, "upgrade"], [*flask, "check"]], environment=environment),
    ]


def node_checks() -> list[Step]:
    return [npm("pwa lint", "lint"), npm("pwa types", "typecheck")]


def build() -> Step:
    return Step("pwa build", [[PYTHON, "tools/setup.py", "run"]])


def npm(name: str, script: str) -> Step:
    command = [str(ROOT / ".venv" / "bin" / "npm"), "run", "--silent", script]
    return Step(name, [command], cwd=setup.PWA, environment=setup.node_environment())


def vitest() -> Step:
    report = LOGS / "vitest.json"
    command = [str(ROOT / ".venv" / "bin" / "npx"), "vitest", "run", "--reporter=default", "--reporter=json"]
    return Step(
        "vitest",
        [[*command, f"--outputFile.json={report}"]],
        cwd=setup.PWA,
        environment=setup.node_environment(),
        tally=lambda: tally_vitest(report),
    )


def pytest() -> Step:
    report = LOGS / "pytest.xml"
    command = [*PYTEST, "--ignore=tests/e2e", f"--junitxml={report}"]
    return Step("pytest", [command], tally=lambda: tally_pytest(report))


def browser_tests() -> Step:
    report = LOGS / "e2e.xml"
    command = [*PYTEST, "--dist=loadfile", "tests/e2e", f"--junitxml={report}"]
    ready = [PYTHON, "-m", "tools.browser"]
    return Step("browser", [ready, command], tally=lambda: tally_pytest(report))


def run_lane(steps: list[Step]) -> list[Outcome]:
    return [run(step) for step in steps]


def run(step: Step) -> Outcome:
    started = time.monotonic()
    log = LOGS / f"{step.name.replace(' ', '-')}.log"
    with log.open("w", encoding="utf-8") as output:
        ok = attempt(step, output)
    tally = step.tally() if step.tally else Tally()
    if step.tally and tally.passed + tally.failed == 0:
        ok = False
        log.write_text(log.read_text(encoding="utf-8") + "no test was run\n", encoding="utf-8")
    outcome = Outcome(step, ok and not tally.failed, time.monotonic() - started, tally)
    word = "ok" if outcome.ok else "FAILED"
    text = f"· {step.name}: {word} in {outcome.seconds:.1f} s\n" + ("" if outcome.ok else shown(log))
    print(text, end="", flush=True)
    return outcome


def attempt(step: Step, output: TextIO) -> bool:
    try:
        for command in step.commands:
            subprocess.run(
                command,
                cwd=step.cwd,
                env={**os.environ, **step.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=STEP_SECONDS_MAX,
                check=True,
            )
    except (subprocess.SubprocessError, OSError, SystemExit) as error:
        print(f"{step.name}: {error}", file=output, flush=True)
        return False
    return True


def shown(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    cut = [f"… {len(lines) - SHOWN_LINES_MAX} lines more in {log.relative_to(ROOT)}"]
    kept = (cut if len(lines) > SHOWN_LINES_MAX else []) + lines[-SHOWN_LINES_MAX:]
    return "".join(f"    {line}\n" for line in kept)


def tally_pytest(report: Path) -> Tally:
    if not report.exists():
        return Tally()
    total = failed = skipped = 0
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 – our own file
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return Tally(total - failed - skipped, failed, skipped)


def tally_vitest(report: Path) -> Tally:
    if not report.exists():
        return Tally()
    found = json.loads(report.read_text(encoding="utf-8"))
    skipped = found["numPendingTests"] + found.get("numTodoTests", 0)
    return Tally(found["numPassedTests"], found["numFailedTests"], skipped)


def summarise(outcomes: list[Outcome], *, count_tests: bool) -> int:
    print(f"\n{'step':<16}{'result':<9}{'seconds':>8}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for outcome in outcomes:
        tally = outcome.tally
        counts = f"{tally.passed:>8}{tally.failed:>8}{tally.skipped:>9}" if outcome.step.tally else ""
        print(f"{outcome.step.name:<16}{'ok' if outcome.ok else 'FAILED':<9}{outcome.seconds:>8.1f}{counts}")
    ok = all(outcome.ok for outcome in outcomes)
    if count_tests:
        # A check that failed counts as one failed test: this line never reads well when the run did not.
        failed = sum(outcome.tally.failed or int(not outcome.ok) for outcome in outcomes)
        skipped = sum(outcome.tally.skipped for outcome in outcomes)
        tail = f", {skipped} skipped" if skipped else ""
        print(f"\n{sum(outcome.tally.passed for outcome in outcomes)} passed, {failed} failed{tail}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
