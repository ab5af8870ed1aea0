"""What has to hold before a server starts: keys, and that demo and real towns never mix."""

import flask_migrate
import pytest

from server import start
from server.app import create_app
from server.config import SettingError, Settings, documented, settings_from
from server.store import facts
from server.store.engine import writing


def test_without_a_key_the_start_stops_and_says_what_to_do(tmp_path):
    with pytest.raises(SettingError, match="create-admin"):
        start.prepare(create_app(Settings(data=tmp_path / "new")))


def test_a_demo_never_touches_real_accounts(settings: Settings):
    demo = Settings(data=settings.data, demo=True)
    with pytest.raises(SettingError, match="real accounts"):
        start.prepare(create_app(demo))


def test_a_real_start_never_serves_the_demos_passwords(app, settings: Settings):
    with writing(app.extensions["jiban"].engine) as connection:
        facts.write(connection, facts.DEMO, start.DEMO_LOADED)
    with pytest.raises(SettingError, match="demo town"):
        start.prepare(create_app(settings))


def test_the_keys_of_another_installation_are_noticed(settings: Settings):
    settings.master_key_file.write_text("00" * 32)
    with pytest.raises(SettingError, match="does not belong"):
        start.prepare(create_app(settings))


@pytest.mark.parametrize("text", ["", "short", "zz" * 32])
def test_a_broken_key_file_is_noticed(settings: Settings, text):
    settings.master_key_file.write_text(text)
    with pytest.raises(SettingError, match="does not hold a key"):
        start.prepare(create_app(settings))


def test_a_prepared_town_starts_again_and_again(settings: Settings):
    for _ in range(2):
        app = create_app(settings)
        start.prepare(app)
        start.check(settings, app.extensions["jiban"].engine)


def test_an_empty_database_is_told_to_who_starts_gunicorn_by_hand(settings: Settings):
    app = create_app(settings)
    start.know_migrations(app)
    with app.app_context():
        flask_migrate.downgrade(revision="base")
    with pytest.raises(SettingError, match="db upgrade"):
        start.check(settings, app.extensions["jiban"].engine)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("postgres://u:p@host/db", "postgresql+psycopg://u:p@host/db"),
        ("postgresql://u:p@host/db?sslmode=require", "postgresql+psycopg://u:p@host/db?sslmode=require"),
        ("postgresql+psycopg://u@host/db", "postgresql+psycopg://u@host/db"),
    ],
)
def test_any_way_of_writing_a_postgres_address_is_understood(given, meant):
    assert settings_from({"DATABASE_URL": given}).database_url == meant


def test_settings_and_rules_come_from_the_environment():
    told = settings_from(
        {"PORT": "9", "JIBAN_DEMO": "1", "JIBAN_ARRIVAL_MIN": "30", "JIBAN_NIGHT_CUTOFF": "22:00"}
    )
    assert (told.port, told.demo) == (9, True)
    assert (told.rules.arrival_min, told.rules.night_cutoff) == (30, "22:00")
    assert told.rules.consult_result_days == Settings().rules.consult_result_days


@pytest.mark.parametrize("wrong", [{"PORT": "many"}, {"JIBAN_DEMO": "perhaps"}, {"JIBAN_ARRIVAL_MIN": "1h"}])
def test_a_setting_that_means_nothing_is_named(wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        settings_from(wrong)


def test_every_setting_is_documented_with_its_default():
    listed = {variable: default for variable, default, _ in documented()}
    assert listed["PORT"] == "8000"
    assert listed["JIBAN_DEMO"] == "0"
    assert all(about for *_, about in documented())
