"""How a JSON body becomes arguments: of the right type, whole, and an object, or refused in our one shape."""

from typing import Any

import orjson
from flask import Request
from webargs.flaskparser import FlaskParser

from server.api.errors import Problem


class BodyParser(FlaskParser):
    """webargs' parser, but another type than JSON is 415 instead of an empty body."""

    def load_json(self, req: Request, schema: Any) -> Any:  # noqa: ARG002 - webargs' signature
        data = req.get_data(cache=False)
        if not req.is_json:
            raise Problem(415, "unsupported_media_type")
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            raise Problem(400, "bad_json") from None
