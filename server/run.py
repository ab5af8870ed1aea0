"""Start the server: `python -m server.run`."""

import os
import sys
from pathlib import Path


def main() -> None:
    settings = Path(__file__).with_name("gunicorn_conf.py")
    command = [sys.executable, "-m", "gunicorn", "--config", str(settings), "wsgi:app"]
    os.execv(sys.executable, command)  # noqa: S606


if __name__ == "__main__":
    main()
