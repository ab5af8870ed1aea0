"""A push service that takes everything at once and writes down when: `python -m tests.bench.push_service FILE`.

A process of its own, so that it shares no interpreter lock with whoever measures. Prints its port, then appends one
line for each message: nanoseconds of the wall clock, subscription, topic.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import NamedTuple

_CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nLocation: /m\r\n\r\n"


class Message(NamedTuple):
    """One message as it came: `at_ns`, the subscription's name and its `Topic`."""

    at_ns: int
    subscription: str
    topic: str


def read(path: Path) -> list[Message]:
    """All that came so far; a line that is being written is left for later."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [Message(int(at), subscription, topic) for at, subscription, topic in map(str.split, lines)]


async def _serve(path: Path) -> None:
    with path.open("a", buffering=1) as log:

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    lines = head.decode("latin-1").split("\r\n")
                    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                    topics = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("topic: ")]
                    await reader.readexactly(int(headers.get("content-length", "0")))
                    name = lines[0].split(" ")[1].rsplit("/", 1)[-1]
                    log.write(f"{time.time_ns()} {name} {topics[0] if topics else '-'}\n")
                    writer.write(_CREATED)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
