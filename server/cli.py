"""Commands of the installation: `flask --app wsgi …`."""

import fcntl
import secrets
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select

from server import start
from server.actions import backup as backups
from server.actions import import_town as towns
from server.actions import imports, passwords, people
from server.actions.import_table import BadFile
from server.actions.intake import CITY_AUTHOR
from server.actions.intake_form import FieldError
from server.actions.signing_in import Refused
from server.api.context import Parts, parts
from server.api.words import words
from server.clock import now_ms
from server.config import VERSION, SettingError, master_key
from server.keys import make_master_key
from server.store import audit, people_rows, sessions
from server.store.dump import BrokenDump
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.tables_people import PersonRow

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def install(app: Flask) -> None:
    for command in (
        create_admin,
        create_intake_key,
        reset_password,
        import_town,
        town_template,
        import_tickets,
        backup,
        restore,
    ):
        app.cli.add_command(command)


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """Troubles that a person can mend are words, not stack traces."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (SettingError, backups.CannotRestore, BrokenDump) as error:
            raise click.ClickException(str(error)) from None
        except (Refused, BadFile) as refused:
            raise click.ClickException(words(refused.code, refused.details, "zh-CN")) from None

    return told


@click.command("create-admin")
@click.option("--username", default="admin", show_default=True)
@click.option("--name", default="系统管理员", show_default=True)
@click.option("--password", help="The first password; made up and shown if it is left out.")
@with_appcontext
@_told
def create_admin(username: str, name: str, password: str | None) -> None:
    """Make the secret key (in a new installation) and an administrator."""
    here = parts()
    if password is not None and passwords.weak(password, username, ""):
        raise Refused("weak_password")
    _settle(here)
    form = people.Form(username, name, "sys_admin")
    _, first = people.create(here.log, "system", form, now_ms(), password)
    click.echo(f"用户名 {username}")
    if password is None:
        click.echo(f"初始密码 {first}")
    click.echo("首次登录时须修改密码。现在可以运行 make serve。")


def _settle(here: Parts) -> None:
    """Key and tables of a new installation; a used database without its key is not one."""
    start.check_towns(here.settings, here.engine)
    key_file = here.settings.master_key_file
    app: Any = current_app
    start.migrate(app)
    with reading(here.engine) as connection:
        used = connection.execute(select(func.count()).select_from(PersonRow)).scalar()
    if not key_file.exists() and not used:
        make_master_key(key_file)
        click.echo(f"密钥已生成：{key_file}（请随数据库一起备份）")
    start.remember_key(here.engine, master_key(key_file))


@click.command("create-intake-key")
@click.argument("name")
@with_appcontext
@_told
def create_intake_key(name: str) -> None:
    """Make a key for a source of tickets (the city line) and show it, once."""
    key = secrets.token_urlsafe(32)
    with writing(parts().engine) as connection:
        sessions.add_intake_key(connection, key, name, now_ms())
        audit.append(connection, now_ms(), "system", "intake_key.create", name)
    click.echo(key)


@click.command("reset-password")
@click.argument("username")
@with_appcontext
@_told
def reset_password(username: str) -> None:
    """Give somebody a new first password and end his sessions: for an administrator who forgot his own."""
    here, first = parts(), passwords.temporary()
    password_hash = passwords.hashed(first)
    with writing(here.engine) as connection:
        person = directory(connection).person_named(username)
        if person is None:
            raise Refused("unknown_person")
        people_rows.change_person(
            connection, person.id, password_hash=password_hash, must_change_password=True
        )
        sessions.end_all(connection, person.id)
        audit.append(connection, now_ms(), "system", "password.reset", person.id)
    click.echo(f"新的初始密码 {first}")


@click.command("import-town")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@with_appcontext
@_told
def import_town(file: Path, dry_run: bool) -> None:
    """Bring units, villages, grids and people from an Excel file; see town-template."""
    reports = towns.import_town(
        parts().log, file.name, file.read_bytes(), "system", now_ms(), dry_run=dry_run
    )
    for each in reports:
        if not each.ok:
            click.echo(f"{each.sheet} 第 {each.row} 行 {each.name}：{_why(each.errors)}", err=True)
        elif each.password:
            click.echo(f"{each.name}\t{each.password}")
    _summary([each.ok for each in reports])


@click.command("town-template")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_told
def town_template(file: Path) -> None:
    """Write an empty Excel file for import-town."""
    file.write_bytes(towns.template())
    click.echo(str(file))


@click.command("import-tickets")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@with_appcontext
@_told
def import_tickets(file: Path, dry_run: bool) -> None:
    """Take in tickets from an Excel or CSV file; bad rows are told, good ones go in, once."""
    reports = imports.import_tickets(
        parts().desk, file.name, file.read_bytes(), CITY_AUTHOR, now_ms(), dry_run=dry_run
    )
    for each in reports:
        if not each.ok:
            click.echo(f"第 {each.row} 行 {each.external_no}：{_why(each.errors)}", err=True)
    _summary([each.ok for each in reports])


def _why(errors: tuple[FieldError, ...]) -> str:
    return "；".join(f"{each.field} {words(each.code, each.details, 'zh-CN')}" for each in errors)


def _summary(fine: list[bool]) -> None:
    click.echo(f"共 {len(fine)} 行，成功 {fine.count(True)}，有误 {fine.count(False)}")
    if not all(fine):
        raise SystemExit(1)


@click.command("backup")
@click.argument("folder", type=FOLDER)
@with_appcontext
@_told
def backup(folder: Path) -> None:
    """Save database, photos and keys into a new folder; the server may go on running."""
    here = parts()
    place = backups.Place(here.engine, here.settings.data)
    made = backups.save(place, folder, VERSION, now_ms())
    click.echo(f"{folder} ({made['database']}, {made['made_at']})")
    if here.settings.s3_bucket:
        click.echo("照片在 S3 存储中，不在此备份内，请另行备份。", err=True)


@click.command("restore")
@click.argument("folder", type=FOLDER)
@with_appcontext
@_told
def restore(folder: Path) -> None:
    """Bring a backup back and begin a new epoch. The server has to be stopped; what was there is put aside."""
    here = parts()
    settings = here.settings
    app: Any = current_app
    with (settings.data / "running.lock").open("w") as running:
        try:
            fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise backups.CannotRestore("The server is running on this data; stop it first.") from None
        place = backups.Place(here.engine, settings.data)
        aside = backups.bring_back(place, folder, now_ms(), lambda revision: start.migrate(app, revision))
        start.migrate(app)
        start.remember_key(here.engine, master_key(settings.master_key_file))
        with here.log.write(now_ms()) as tx:
            epoch = here.log.new_epoch(tx)
            audit.append(tx.connection, now_ms(), "system", "restore", epoch)
    if aside:
        click.echo(f"原有数据已移至 {aside}")
    click.echo(f"已恢复 {folder}，新纪元 {epoch}")
