"""What a photo's bytes are: looked at by content, never by name; a thumbnail, and a copy fit to be shown."""

import io
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

pillow_heif.register_heif_opener()

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}
THUMB_PX_MAX = 320
THUMB_QUALITY = 78
COPY_QUALITY = 92


class NotAPicture(Exception):
    """The bytes are no picture of a kind that is taken: `code` not_an_image or too_many_pixels."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    """A picture that was looked at. `shown` is None where the bytes themselves may be shown."""

    media_type: str
    width: int
    height: int
    thumb: bytes
    shown: bytes | None


def examine(data: bytes, pixels_max: int) -> Picture:
    """Decode a picture within its bounds; raises NotAPicture.

    The size is read from the header before a pixel is decoded, so a decompression bomb costs nothing. A picture
    that still carries EXIF (a phone of ours strips it) is shown as a copy without it, for EXIF tells the camera
    and where its owner was; a HEIC is shown as JPEG, which every browser reads. The evidence stays as it came.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(MEDIA_TYPES)) as image:
            kind, (width, height) = str(image.format), image.size
            if width * height > pixels_max:
                raise NotAPicture("too_many_pixels")
            bare = not image.getexif() and kind != "HEIF"
            image.load()
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Image.DecompressionBombError:
        raise NotAPicture("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError):
        raise NotAPicture("not_an_image") from None
    shown = None if bare else _jpeg(upright, COPY_QUALITY)
    upright.thumbnail((THUMB_PX_MAX, THUMB_PX_MAX))
    return Picture(MEDIA_TYPES[kind], width, height, _jpeg(upright, THUMB_QUALITY), shown)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
