"""Settle the package versions again, after requirements*.in or pwa/package.json changed.

Python packages keep the versions that still fit (`make lock UPGRADE=--upgrade` takes the newest); node packages
take the newest that package.json allows.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
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
    lock_node_packages()


def lock_node_packages() -> None:
    """From nothing: beside node_modules or an older lock, npm drops the packages that other platforms need."""
    pwa = ROOT / "pwa"
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", ".npmrc"):
            shutil.copy(pwa / name, folder)
        npm = ROOT / ".venv" / "bin" / "npm"
        call(npm, "install", "--package-lock-only", "--loglevel=error", cwd=Path(folder))
        shutil.copy(Path(folder, "package-lock.json"), pwa)
    packages = json.loads((pwa / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for path, package in packages.items():
        for wanted in package.get("optionalDependencies", {}):
            if not {f"node_modules/{wanted}", f"{path}/node_modules/{wanted}"} & packages.keys():
                sys.exit(
                    f"{path} {package['version']} wants {wanted}, which the registry does not have: pin {path}"
                )


def compile_lock(source: str, lock: str, options: list[str]) -> None:
    call(sys.executable, "-m", *COMPILE, *PLAIN, source, "--output-file", lock, *options)


def call(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
