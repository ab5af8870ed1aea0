"""Chromium and Chinese fonts for the browser tests, from Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "fonts-noto-cjk", "fontconfig")


def provide() -> None:
    if complete():
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"the browser tests need Chromium and CJK fonts: sudo {' '.join(install)}")
    for command in (["apt-get", "update"], install):
        subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if not complete():
        sys.exit(f"apt-get ran, but Chromium or a Chinese font is still missing ({', '.join(PACKAGES)})")


def complete() -> bool:
    if not shutil.which("chromium") or not shutil.which("fc-list"):
        return False
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


if __name__ == "__main__":
    provide()
