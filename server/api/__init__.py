"""The HTTP edge. Every blueprint reads its JSON bodies through our parser, whichever module comes first."""

from flask_smorest import Blueprint

from server.api.arguments import BodyParser

Blueprint.ARGUMENTS_PARSER = BodyParser()
