"""What a browser needs to know before anybody signs in."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from server.api.context import settings
from server.api.guard import open_to_all
from server.config import VERSION

blp = Blueprint("config", __name__, description="What this installation is")


class Config(Schema):
    demo = fields.Boolean(required=True)
    version = fields.String(required=True)
    town = fields.String(required=True)
    duty_phone = fields.String(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)


@blp.route("/config", methods=["GET"])
@open_to_all
@blp.response(200, Config)
def config() -> dict[str, Any]:
    """Whether this is the demo town, the town's name, and whom to call."""
    told = settings()
    return {
        "demo": told.demo,
        "version": VERSION,
        "town": told.town,
        "duty_phone": told.duty_number,
        "languages": ["zh-CN", "en"],
    }
