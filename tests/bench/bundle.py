"""What the first screen costs on the line: the scripts and styles that a cold load really fetches."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Playwright, Response

from tests.bench.budget import Measured
from tests.bench.phone_browser import Phone

KINDS = {"script", "stylesheet"}
LARGEST = 8


def measure(playwright: Playwright, server_port: int, folder: Path, username: str) -> list[Measured]:
    """A signed-in worker loads /tickets with nothing in any cache. The service worker is kept out: what it fetches in
    advance for working offline comes afterwards and keeps nobody waiting."""
    phone = Phone(playwright, server_port, username, folder / "bundle")
    phone.sign_in()
    fetched: list[Response] = []

    def note(one: Response) -> None:
        fetched.append(one)

    with phone.open(slower=1, workers=False) as page:
        phone.cdp.send("Network.enable")
        phone.cdp.send("Network.clearBrowserCache")
        page.on("response", note)
        page.goto(f"{phone.url}/tickets")
        page.locator("a.ticket").first.wait_for()
        page.wait_for_timeout(1000)
        files = [one for one in fetched if one.request.resource_type in KINDS]
        packed = {_name(one): len(gzip.compress(one.body(), 6)) for one in files}
        sent = sum(int(one.headers.get("content-length", 0)) for one in files)
    phone.close()
    if not packed:
        raise RuntimeError("nothing was fetched")
    rows = [
        Measured(
            "JavaScript and CSS of the first phone screen, gzipped", sum(packed.values()) / 1024, "KB", 200
        ),
        Measured(f"… as this server sends it ({len(packed)} files)", sent / 1024, "KB"),
    ]
    if not rows[0].held:
        largest = sorted(packed.items(), key=lambda item: -item[1])[:LARGEST]
        print("\n".join(f"      {size / 1024:7.1f} KB  {name}" for name, size in largest))
    return rows


def _name(response: Response) -> str:
    return urlsplit(response.url).path.rsplit("/", 1)[-1]
