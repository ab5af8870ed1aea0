"""Backup, restore and the other commands, through the command line as an administrator types them."""

import json
import shutil
import sqlite3
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import inspect, select

from server.app import create_app
from server.config import Settings
from server.domain.roles import buckets_of_person
from server.store import audit, dump
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.people_rows import change_person
from server.store.rights import entitled
from server.store.tables_people import PersonRow
from server.store.tables_sync import entitlement
from server.store.tables_ticket import contact
from tests.cast import Browser, person_id


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=list(arguments))


def reopened(app: Flask) -> Flask:
    """The same installation as a process that starts later sees it."""
    made = create_app(app.extensions["jiban"].settings)
    made.test_client_class = Browser
    return made


def name_of(app: Flask, username: str) -> str:
    with reading(app.extensions["jiban"].engine) as connection:
        query = select(PersonRow.name).where(PersonRow.username == username)
        return connection.execute(query).scalar_one()


def rename(app: Flask, name: str) -> None:
    with writing(app.extensions["jiban"].engine) as connection:
        change_person(connection, person_id("worker"), name=name)


def test_a_backup_brings_back_database_photos_and_keys(any_app: Flask, tmp_path: Path):
    data = any_app.extensions["jiban"].settings.data
    (data / "photos" / "ab").mkdir(parents=True)
    (data / "photos" / "ab" / "cd").write_bytes(b"a photo")
    key = (data / "keys" / "master.key").read_text()
    assert run(any_app, "backup", str(tmp_path / "saved")).exit_code == 0
    rename(any_app, "somebody else")
    shutil.rmtree(data / "photos")
    (data / "keys" / "master.key").write_text("00" * 32)

    done = run(reopened(any_app), "restore", str(tmp_path / "saved"))
    assert done.exit_code == 0, done.output
    after = reopened(any_app)
    assert name_of(after, "worker") == "李伟"
    assert (data / "photos" / "ab" / "cd").read_bytes() == b"a photo"
    assert (data / "keys" / "master.key").read_text() == key
    assert after.test_client().sign_in("worker")
    with reading(after.extensions["jiban"].engine) as connection:
        assert audit.first_broken(connection) is None


def test_a_restore_begins_a_new_epoch(any_app: Flask, tmp_path: Path):
    before = any_app.test_client().get("/health").headers["X-Jiban-Epoch"]
    run(any_app, "backup", str(tmp_path / "saved"))
    assert run(reopened(any_app), "restore", str(tmp_path / "saved")).exit_code == 0
    after = reopened(any_app).test_client().get("/health").headers["X-Jiban-Epoch"]
    assert after
    assert after != before


def test_what_a_restore_replaces_is_put_aside(any_app: Flask, tmp_path: Path):
    data = any_app.extensions["jiban"].settings.data
    run(any_app, "backup", str(tmp_path / "saved"))
    rename(any_app, "somebody else")
    assert run(reopened(any_app), "restore", str(tmp_path / "saved")).exit_code == 0
    (aside,) = data.glob("before-restore-*")
    if (aside / "jiban.db").exists():
        with sqlite3.connect(aside / "jiban.db") as old:
            names = [row[0] for row in old.execute("SELECT name FROM person")]
    else:
        lines = (aside / "tables" / "person.jsonl").read_text().splitlines()
        names = [json.loads(line)["name"] for line in lines]
    assert "somebody else" in names


def test_sealed_contact_data_survives_the_way_through_files(any_app: Flask, tmp_path: Path):
    sealed = bytes(range(256))
    with writing(any_app.extensions["jiban"].engine) as connection:
        row = {each.name: _some(each) for each in contact.columns}
        binary = next(each.name for each in contact.columns if isinstance(row[each.name], bytes))
        connection.execute(contact.insert(), {**row, binary: sealed})
    run(any_app, "backup", str(tmp_path / "saved"))
    assert run(reopened(any_app), "restore", str(tmp_path / "saved")).exit_code == 0
    with reading(reopened(any_app).extensions["jiban"].engine) as connection:
        assert connection.execute(select(contact.c[binary])).scalar_one() == sealed


def _some(column):
    kind = column.type.python_type
    return {str: "x", int: 1, bytes: b"x", bool: False}.get(kind)


def test_a_backup_never_writes_into_a_used_folder(any_app: Flask, tmp_path: Path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "mine").write_text("keep")
    done = run(any_app, "backup", str(tmp_path / "saved"))
    assert done.exit_code == 1
    assert "not empty" in done.output
    assert [each.name for each in (tmp_path / "saved").iterdir()] == ["mine"]


def test_what_is_no_backup_changes_nothing(any_app: Flask, tmp_path: Path):
    done = run(any_app, "restore", str(tmp_path))
    assert done.exit_code == 1
    assert "not a backup" in done.output
    assert name_of(any_app, "worker") == "李伟"


def test_a_damaged_backup_changes_nothing(app: Flask, tmp_path: Path):
    run(app, "backup", str(tmp_path / "saved"))
    (tmp_path / "saved" / "jiban.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 5000)
    done = run(reopened(app), "restore", str(tmp_path / "saved"))
    assert done.exit_code == 1
    assert name_of(reopened(app), "worker") == "李伟"


def test_a_backup_of_another_kind_of_database_is_refused(app: Flask, tmp_path: Path):
    run(app, "backup", str(tmp_path / "saved"))
    manifest = tmp_path / "saved" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "database": "postgresql"}))
    done = run(reopened(app), "restore", str(tmp_path / "saved"))
    assert done.exit_code == 1
    assert "postgresql" in done.output


def test_a_new_installation_gets_key_and_administrator(tmp_path: Path):
    app = create_app(Settings(data=tmp_path / "new"))
    app.test_client_class = Browser
    done = run(app, "create-admin", "--username", "Root")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "keys" / "master.key").stat().st_mode & 0o777 == 0o600
    password = done.output.split("初始密码 ")[1].split()[0]
    user = app.test_client().sign_in("root", password).user
    assert user["role"] == "sys_admin"
    assert user["must_change_password"] is True


def test_a_used_database_without_its_key_gets_no_new_one(app: Flask, settings: Settings):
    settings.master_key_file.unlink()
    done = run(reopened(app), "create-admin", "--username", "second")
    assert done.exit_code == 1
    assert "backup" in done.output
    assert not settings.master_key_file.exists()


def test_a_user_name_is_made_once(app: Flask):
    done = run(app, "create-admin", "--username", "admin")
    assert done.exit_code == 1
    assert "用户名" in done.output


def test_a_forgotten_password_is_reset_at_the_machine(app: Flask):
    done = run(app, "reset-password", "admin")
    password = done.output.split("新的初始密码 ")[1].strip()
    assert app.test_client().sign_in("admin", password).user["must_change_password"] is True


def test_an_intake_key_opens_the_intake(app: Flask):
    key = run(app, "create-intake-key", "12345").output.strip()
    answer = app.test_client().post(
        "/api/v1/intake/tickets", json={}, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 422


def test_a_town_comes_from_the_template_and_a_second_time_changes_nothing(tmp_path: Path):
    app = create_app(Settings(data=tmp_path / "new"))
    run(app, "create-admin")
    file = str(tmp_path / "town.xlsx")
    assert run(app, "town-template", file).exit_code == 0
    first = run(app, "import-town", file)
    assert first.exit_code == 0, first.output
    with reading(app.extensions["jiban"].engine) as connection:
        people = connection.execute(select(PersonRow.username)).scalars().all()
    assert len(people) > 1
    again = run(app, "import-town", file)
    assert again.exit_code == 0
    with reading(app.extensions["jiban"].engine) as connection:
        assert connection.execute(select(PersonRow.username)).scalars().all() == people


def test_migrations_lead_to_the_tables_of_the_code_and_back(any_app: Flask):
    engine = any_app.extensions["jiban"].engine
    dump.drop_all(engine)
    with any_app.app_context():
        flask_migrate.upgrade()
        flask_migrate.check()
        assert dump.revision(engine) is not None
        flask_migrate.downgrade(revision="base")
        with reading(engine) as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
        flask_migrate.upgrade()
        flask_migrate.check()


def test_a_backup_from_before_the_alarms_comes_back_with_who_watches_emergencies(
    any_app: Flask, tmp_path: Path
):
    engine = any_app.extensions["jiban"].engine
    with any_app.app_context():
        flask_migrate.downgrade(revision="0001")
    with reading(engine) as connection:
        assert "emergencies" not in connection.execute(select(entitlement.c.bucket)).scalars().all()
    assert run(any_app, "backup", str(tmp_path / "saved")).exit_code == 0
    done = run(reopened(any_app), "restore", str(tmp_path / "saved"))
    assert done.exit_code == 0, done.output
    with reading(reopened(any_app).extensions["jiban"].engine) as connection:
        known = directory(connection)
        for person in known.people.values():
            assert entitled(connection, person.id) == buckets_of_person(person), person.username
