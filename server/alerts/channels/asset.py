"""What apprise says of us to the other side. Apart from `kind`, so that only who sends loads apprise (10 MB)."""

from apprise import AppriseAsset

ASSET = AppriseAsset(
    app_id="Jiban",
    app_desc="Jiban",
    app_url="",
    http_redirects=False,  # an address is called as it was configured, or not at all
    plugin_paths=[],
    async_mode=False,
    secure_logging=True,
)
