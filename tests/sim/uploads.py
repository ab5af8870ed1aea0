"""Photos that arrive late: their bytes go up over tus, cut and repeated now and then."""

import base64

from tests.sim.trouble import Trouble
from tests.sim.work import Hand

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


def try_upload(hand: Hand, trouble: Trouble) -> bool:
    """One photo, the first that waits; whether it is done with (delivered, or for good not wanted)."""
    ticket, photo, data = hand.photos[0]
    phone = hand.phone
    told = {"id": photo["id"], "ticket": ticket, "sha256": photo["sha256"], "taken_at": photo["taken_at"]}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
    headers = TUS | {"X-CSRF-Token": phone.csrf}
    client = phone.transport.client
    opened = client.post(
        "/api/v1/photos", headers=headers | {"Upload-Metadata": metadata, "Upload-Length": str(len(data))}
    )
    trouble.note(f"{phone.name} announces photo {photo['id'][-6:]}: {opened.status_code}")
    if opened.status_code >= 500 or opened.status_code in {401, 429}:
        return False
    if opened.status_code >= 400:
        hand.photos.pop(0)
        return True
    offset = int(opened.headers.get("Upload-Offset", 0))
    end = len(data)
    if trouble.draw(trouble.line, "cut photo"):
        end = trouble.dice.randrange(offset, len(data) + 1)
    if offset < end:
        piece = headers | {"Upload-Offset": str(offset), "Content-Type": OCTETS}
        sent = client.patch(f"/api/v1/photos/{photo['id']}", headers=piece, data=data[offset:end])
        trouble.note(f"  sends {offset}..{end} of {len(data)}: {sent.status_code}")
        if sent.status_code >= 500:
            return False
        if sent.status_code >= 400:
            hand.photos.pop(0)
            return True
    if end == len(data):
        hand.delivered.append(hand.photos.pop(0))
        return True
    return False
