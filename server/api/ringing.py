"""After a request that put something into the outbox: ring for the worker that sends it."""

from flask import Flask, Response

from server.alerts.bell import Bell
from server.config import Settings
from server.store import deliveries


def install(app: Flask, settings: Settings) -> None:
    bell = Bell(settings)

    def ring(response: Response) -> Response:
        """The view is done, so what it wrote is committed; what was not committed is rung for in vain."""
        if deliveries.take_ring():
            bell.ring()
        return response

    app.after_request(ring)
