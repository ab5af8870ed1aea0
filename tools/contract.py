"""Copy what both sides must agree on into the PWA: the API's types, the lifecycle table,
the emergency operations and the matters of direct reports.

Writes pwa/src/contract/; with `--check` it writes nothing and fails when a copy is stale.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "pwa" / "src" / "contract"
TABLES = ("lifecycle.json", "emergency_ops.json", "matters.json")  # copied as they stand in server/domain
# A field with a default may be left out of a request; two entries of a list are a pair.
OPTIONS = ["--alphabetize", "--array-length", "--default-non-nullable=false"]


def main(check: bool) -> int:
    # The tables first: they can be copied while the API's description cannot be made.
    tables = ROOT / "server" / "domain"
    stale = settle({name: (tables / name).read_text(encoding="utf-8") for name in TABLES}, check)
    with tempfile.TemporaryDirectory() as folder:
        stale += settle(describe_api(Path(folder)), check)
    for name in stale:
        print(f"pwa/src/contract/{name} is stale: run `make contract` and commit it")
    return 1 if stale else 0


def settle(fresh: dict[str, str], check: bool) -> list[str]:
    stale = [name for name, text in fresh.items() if current(name) != text]
    if check:
        return stale
    CONTRACT.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (CONTRACT / name).write_text(fresh[name], encoding="utf-8")
        print(f"wrote pwa/src/contract/{name}")
    return []


def describe_api(folder: Path) -> dict[str, str]:
    described = folder / "described.json"
    flask("openapi", "write", "--format=json", str(described), data=folder / "data")
    description = json.loads(described.read_text(encoding="utf-8"))
    openapi = folder / "openapi.json"
    openapi.write_text(as_text(description), encoding="utf-8")
    types = folder / "api.d.ts"
    generator = ROOT / "pwa" / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    run([ROOT / ".venv" / "bin" / "node", generator, openapi, "--output", types, *OPTIONS])
    return {"api.d.ts": types.read_text(encoding="utf-8")}


def flask(*arguments: str, data: Path) -> None:
    environment = {"JIBAN_DATA": str(data)}
    run([sys.executable, "-m", "flask", "--app", "wsgi", *arguments], environment)


def run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}")


def as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def current(name: str) -> str | None:
    path = CONTRACT / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(check=sys.argv[1:] == ["--check"]))
