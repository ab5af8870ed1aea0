"""Small made-up photos for the demo town: a painted scene with the watermark that real ones carry."""

import io
import random

from PIL import Image, ImageDraw

_SIZE = (480, 360)
_QUALITY = 60
_GROUNDS = ((108, 117, 125), (122, 112, 98), (96, 110, 88), (130, 124, 112))


def scene(seed: str, caption: str) -> bytes:
    """A JPEG of a street scene that nobody took, the same for the same words; `caption` in ASCII."""
    rng = random.Random(seed)
    image = Image.new(
        "RGB", _SIZE, (168 + rng.randrange(40), 196 + rng.randrange(30), 220 + rng.randrange(30))
    )
    draw = ImageDraw.Draw(image)
    horizon = 130 + rng.randrange(50)
    _houses(draw, rng, horizon)
    draw.rectangle((0, horizon, *_SIZE), fill=rng.choice(_GROUNDS))
    draw.polygon(((190, horizon), (290, horizon), (460, 360), (20, 360)), fill=(74, 78, 84))
    for step in range(5):
        top = horizon + 12 + step * 42
        draw.polygon(
            ((238, top), (242, top), (244 + step, top + 20), (236 - step, top + 20)), fill=(225, 220, 190)
        )
    x, y = 150 + rng.randrange(170), horizon + 80 + rng.randrange(90)
    draw.ellipse((x, y, x + 70, y + 26), fill=(28, 30, 33), outline=(196, 35, 28), width=3)
    draw.rectangle((0, 322, 480, 360), fill=(20, 24, 31))
    draw.text((12, 332), caption, fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def size() -> tuple[int, int]:
    """Width and height of every scene."""
    return _SIZE


def _houses(draw: ImageDraw.ImageDraw, rng: random.Random, horizon: int) -> None:
    left = 0
    while left < _SIZE[0]:
        width, height = 40 + rng.randrange(60), 40 + rng.randrange(70)
        shade = 150 + rng.randrange(70)
        draw.rectangle((left, horizon - height, left + width, horizon), fill=(shade, shade - 12, shade - 28))
        for window in range(left + 8, left + width - 12, 18):
            draw.rectangle(
                (window, horizon - height + 10, window + 8, horizon - height + 22), fill=(86, 102, 120)
            )
        left += width + 6
