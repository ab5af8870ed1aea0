"""Headers on every answer: what browsers must not do with it, our time, and the epoch of our data."""

from flask import Flask, Response, g, request

from server.api import cookies
from server.api.context import parts
from server.clock import now_ms
from sync.clock import rfc3339

# 'unsafe-inline' is for style attributes: Vant and Element Plus place pop-ups with them. Scripts never.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}


def install(app: Flask) -> None:
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    headers = response.headers
    page = response.mimetype in {"text/html", "text/javascript", "application/javascript"}
    wanted = {**SECURITY, "Content-Security-Policy": PAGE_POLICY if page else DATA_POLICY}
    if request.is_secure:
        wanted["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith("/api/"):
        wanted["Cache-Control"] = "no-store"
        headers.add("Vary", "Cookie")
    # What the view said stands. Looked up once: for each header anew it was a tenth of a small answer's time.
    said = {name.lower() for name, _ in headers}
    headers.extend({name: value for name, value in wanted.items() if name.lower() not in said})
    headers.extend({"X-Jiban-Time": rfc3339(now_ms()), "X-Jiban-Epoch": parts().epoch()})
    if "session_prolonged_to_ms" in g:
        token = cookies.session_token()
        if token and cookies.SESSION not in headers.get("Set-Cookie", ""):
            cookies.set_session(response, token, (g.session_prolonged_to_ms - now_ms()) // 1000)
    return response
