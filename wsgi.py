"""What the flask command loads, and gunicorn where it is started by hand."""

from server.app import create_app
from server.start import know_migrations

app = create_app()
know_migrations(app)
