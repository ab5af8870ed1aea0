"""A picture as a camera makes it: noisy, large, with EXIF that tells place and time."""

import io
import random

from PIL import Image


def camera_jpeg(width: int = 1600, height: int = 1200, seed: int = 1) -> bytes:
    rng = random.Random(seed)
    small = Image.new("RGB", (64, 48))
    small.putdata(
        [(rng.randrange(90, 170), rng.randrange(90, 170), rng.randrange(90, 170)) for _ in range(64 * 48)]
    )
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (23.0, 0.0, 46.4)
    exif.get_ifd(0x8825)[3] = "E"
    exif.get_ifd(0x8825)[4] = (113.0, 41.0, 4.2)
    out = io.BytesIO()
    small.resize((width, height)).save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def upload(seed: int) -> dict[str, object]:
    """As a file input takes it."""
    return {"name": f"photo{seed}.jpg", "mimeType": "image/jpeg", "buffer": camera_jpeg(seed=seed)}
