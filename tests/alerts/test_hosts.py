"""Which addresses a subscription may name: the known services, exactly, and no way round."""

import pytest

from server.alerts import hosts
from server.alerts.hosts import HostNotAllowed, check, is_public, parse_widened

GOOD = [
    "https://fcm.googleapis.com/fcm/send/abc:def",
    "https://FCM.googleapis.com/wp/x",
    "https://fcm.googleapis.com:443/wp/x",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
    "https://web.push.apple.com/QGx-_y",
    "https://api.push.apple.com/3/device/x",
    "https://wns2-pn1p.notify.windows.com/w/?token=BQ%3d",
]
BAD = [
    "http://fcm.googleapis.com/x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com:/x",
    "https://fcm.googleapis.com:0443443/x",
    "https://fcm.googleapis.com.evil.example/x",
    "https://evilfcm.googleapis.com/x",
    "https://notfcm.googleapis.com/x",
    "https://fcm.googleapis.com@evil.example/x",
    "https://user@fcm.googleapis.com/x",
    "https://user:pw@fcm.googleapis.com/x",
    "https://evil.example/fcm.googleapis.com",
    "https://evil.example#@fcm.googleapis.com/",
    "https://evil.example\\@fcm.googleapis.com/",
    "https://fcm.googleapis.com\\@evil.example/",
    "https://fcm.googleapis.com./x",
    "https://fcm.googleapis.com%2eevil.example/x",
    "https://fcm%2egoogleapis.com/x",
    "https://fcm。googleapis。com/x",
    "https://ｆcm.googleapis.com/x",
    "https://fcm.googleapis.com",
    "https:fcm.googleapis.com/x",
    "https:///fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://localhost/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://fcm.googleapis.com/x y",
    "https://fcm.googleapis.com/x\r\nHost: evil.example",
    "https://fcm.googleapis.com/x\n",
    "https://fcm.googleapis.com/推送",
    "https://.fcm.googleapis.com/x",
    "https://a..fcm.googleapis.com/x",
    "https://-.fcm.googleapis.com/x",
    "https://googleapis.com/x",
    "https://com/x",
    "ftp://fcm.googleapis.com/x",
    "file:///etc/passwd",
    "",
    "https://fcm.googleapis.com/" + "x" * 2000,
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_known_services_may_be_named(endpoint):
    found = check(endpoint)
    assert (found.scheme, found.port, found.widened) == ("https", 443, False)


@pytest.mark.parametrize("endpoint", BAD)
def test_nothing_else_may(endpoint):
    with pytest.raises(HostNotAllowed):
        check(endpoint)


def test_a_widened_host_is_allowed_with_its_port_and_over_http_only_there():
    widened = parse_widened(" localhost:8990, Push.Town.example ")
    assert check("http://localhost:8990/notify/1", widened).widened
    assert check("https://localhost:8990/notify/1", widened).widened
    assert check("http://push.town.example:81/x", widened).port == 81
    for other in ("http://localhost:8991/x", "http://localhost/x", "http://a.localhost:8990/x"):
        with pytest.raises(HostNotAllowed):
            check(other, widened)
    with pytest.raises(HostNotAllowed):
        check("http://fcm.googleapis.com/x", widened)


@pytest.mark.parametrize("text", ["http://localhost:8990", "a b", "host:port", "user@host"])
def test_a_setting_that_names_no_host_is_not_understood(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_widened(text)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "nonsense",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["142.250.1.1", "2404:6800:4005:80a::200a", "17.188.166.1"])
def test_addresses_outside_are(address):
    assert is_public(address)


def test_vapids_audience_is_the_origin():
    assert check(GOOD[0]).origin == "https://fcm.googleapis.com"
    widened = hosts.parse_widened("localhost")
    assert check("http://localhost:8990/x", widened).origin == "http://localhost:8990"
    assert check("http://localhost:80/x", widened).origin == "http://localhost"
