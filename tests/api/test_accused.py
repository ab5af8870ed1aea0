"""Whom a complaint is about is told to those who choose the unit, and to nobody else (DOMAIN E, 信访条例)."""

from tests.town import Town, unit_id


def test_the_desk_is_told_the_accused_unit_and_nobody_else_is(town: Town) -> None:
    id_ = town.ticket(urgent=False, respondent_unit="南城村", place={"village": "南城村"})
    for username in ("officer", "lead", "leader"):
        told = town.phone(username).get(f"/tickets/{id_}").json
        assert told["respondent_unit"]["name"] == "南城村", username
        assert "南城村" in [unit["name"] for unit in told["barred_units"]], username
    officer = town.phone("officer")
    assert officer.do("ticket.dispatch", id_, {"unit": unit_id("闸口村")})["outcome"] == "applied"
    for username in ("worker", "head"):
        told = town.phone(username).get(f"/tickets/{id_}").json
        assert {"respondent_unit", "barred_units"}.isdisjoint(told), username
