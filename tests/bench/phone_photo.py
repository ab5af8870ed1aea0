"""How long a photo keeps its taker waiting."""

import io
import statistics
from pathlib import Path

from PIL import Image

from tests.bench.budget import Measured
from tests.bench.phone_browser import SLOWER, Phone, whole_browser_slowed

WIDTH, HEIGHT = 4000, 3000
_TAKEN = """() => {
  bench.forget()
  const before = document.querySelectorAll('.strip img').length
  bench.next('taken', 'change', 'input[type=file]')
  bench.when('ready', () => {
    const shown = [...document.querySelectorAll('.strip img')]
    return shown.length === before + 1 && !document.querySelector('.preparing')
  })
}"""


def measure(phone: Phone, times: int) -> list[Measured]:
    """From the camera's file to a photo that is shrunk, watermarked, hashed, on the disk and on the screen."""
    picture = phone.profile.parent / "camera.jpg"
    picture.write_bytes(camera_jpeg())
    with phone.open() as page:
        page.goto(phone.url)
        page.locator("a.ticket").first.click()
        page.wait_for_url("**/tickets/*")
        page.goto(page.url + "/arrive")
        page.locator("input[type=file]").wait_for(state="attached")
        _take(phone, picture)  # the first one starts the worker
        took, longest = _several(phone, picture, times)
        with whole_browser_slowed(phone, SLOWER):
            slowed, _ = _several(phone, picture, 3)
    megabytes = picture.stat().st_size / 1e6
    return [
        Measured(
            f"photo of 12 megapixels ({megabytes:.1f} MB) ready, median", statistics.median(took), "ms", 1500
        ),
        Measured("… the slowest of them", max(took), "ms"),
        Measured("… longest task of the page's thread in it", longest, "ms", 50),
        Measured(
            f"… ready with the worker slowed {SLOWER} times too, median",
            statistics.median(slowed),
            "ms",
            1500,
        ),
    ]


def camera_jpeg() -> bytes:
    """A picture as large and as hard to decode as a phone's: coarse shapes under a sensor's noise."""
    shapes = Image.effect_mandelbrot((WIDTH // 8, HEIGHT // 8), (-2, -1.2, 0.8, 1.2), 80).resize(
        (WIDTH, HEIGHT)
    )
    noise = [Image.effect_noise((WIDTH, HEIGHT), 14) for _ in range(3)]
    colours = Image.merge("RGB", noise)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.blend(shapes.convert("RGB"), colours, 0.5).save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def _several(phone: Phone, picture: Path, times: int) -> tuple[list[float], float]:
    """Milliseconds of each, and the longest task of all."""
    took, longest = [], 0.0
    for _ in range(times):
        begun, ended = _take(phone, picture)
        took.append(ended - begun)
        longest = max([longest, *(length for _, length in phone.long_tasks(begun, ended))])
        phone.page.locator(".strip button").last.click()  # out again: nine are the most
    return took, longest


def _take(phone: Phone, picture: Path) -> tuple[float, float]:
    phone.page.wait_for_timeout(500)
    phone.page.evaluate(_TAKEN)
    phone.page.locator("input[type=file]").set_input_files(picture)
    marks = phone.marks("taken", "ready")
    phone.page.wait_for_timeout(200)  # a long task is told a moment after it has ended
    return marks["taken"], marks["ready"]
