"""Distances between a phone's fix (WGS-84) and a ticket's place, which Chinese maps give in GCJ-02 (DOMAIN §B)."""

import math

_EARTH_M = 6_371_000.0
_A = 6_378_245.0
_EE = 0.006693421622965943


def _shift_lat(x: float, y: float) -> float:
    shift = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    shift += (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    shift += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    return shift + (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0


def _shift_lng(x: float, y: float) -> float:
    shift = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    shift += (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    shift += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    return shift + (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0


def to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """WGS-84 → GCJ-02, within a metre or two; outside China the two are the same."""
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lng <= 137.8347):
        return lat, lng
    x, y = lng - 105.0, lat - 35.0
    rad = lat / 180.0 * math.pi
    magic = 1 - _EE * math.sin(rad) ** 2
    root = math.sqrt(magic)
    d_lat = _shift_lat(x, y) * 180.0 / ((_A * (1 - _EE)) / (magic * root) * math.pi)
    d_lng = _shift_lng(x, y) * 180.0 / (_A / root * math.cos(rad) * math.pi)
    return lat + d_lat, lng + d_lng


def metres(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Great-circle distance in metres."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    dl = math.radians(lng2 - lng1)
    h = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(h)))


def distance_m(
    lat: float, lng: float, crs: str, place_lat: float | None, place_lng: float | None, place_crs: str | None
) -> int | None:
    """Metres from a fix to a place; None if the place has no point.

    Both are compared in GCJ-02. A place without a declared system is taken the nearer way, so that nobody is
    called absent because of a missing label.
    """
    if place_lat is None or place_lng is None:
        return None
    here = (lat, lng) if crs == "GCJ02" else to_gcj02(lat, lng)
    as_gcj = metres(*here, place_lat, place_lng)
    if place_crs == "GCJ02":
        return round(as_gcj)
    as_wgs = metres(*here, *to_gcj02(place_lat, place_lng))
    return round(as_wgs if place_crs == "WGS84" else min(as_gcj, as_wgs))
