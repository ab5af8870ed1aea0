"""Pictures as a camera makes them: large, with EXIF that tells place and time."""

import io

from PIL import Image

from server.demo.pictures import scene


def camera_jpeg(width: int = 1600, height: int = 1200, seed: int = 1) -> bytes:
    painted = Image.open(io.BytesIO(scene(f"e2e {seed}", ""))).crop((0, 0, 480, 320))
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (23.0, 0.0, 46.4)
    exif.get_ifd(0x8825)[3] = "E"
    exif.get_ifd(0x8825)[4] = (113.0, 41.0, 4.2)
    out = io.BytesIO()
    painted.resize((width, height)).save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def grainy_jpeg(width: int = 1600, height: int = 1200) -> bytes:
    """Taken at night: it does not get small, so that it goes up in several pieces."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 80).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def upload(seed: int) -> dict[str, object]:
    """As a file input takes it."""
    return {"name": f"photo{seed}.jpg", "mimeType": "image/jpeg", "buffer": camera_jpeg(seed=seed)}
