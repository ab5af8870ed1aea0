"""Settle the package versions again.

`make lock` keeps the versions that still fit; `make lock UPGRADE=--upgrade` takes the newest.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
# A lock names packages and hashes, never a host or a path of one machine.
PLAIN = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]


def main(options: list[str]) -> None:
    compile_lock("requirements.in", "requirements.lock", options)
    compile_lock(
        "requirements-dev.in", "requirements-dev.lock", ["--constraints", "requirements.lock", *options]
    )
    npm = "update" if "--upgrade" in options else "install"
    call(ROOT / ".venv" / "bin" / "npm", npm, "--package-lock-only", cwd=ROOT / "pwa")


def compile_lock(source: str, lock: str, options: list[str]) -> None:
    call(sys.executable, "-m", *COMPILE, *PLAIN, source, "--output-file", lock, *options)


def call(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
