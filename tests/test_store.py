"""The one place that opens a database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, text

from sfcci import store
from sfcci.errors import MissingTool, Unreachable, UsageError

METADATA = MetaData()
THINGS = Table("things", METADATA, Column("number", Integer))


def test_a_database_is_made_with_its_folder(tmp_path):
    engine = store.open_database(f"sqlite:///{tmp_path}/deep/a.sqlite", METADATA)
    with engine.begin() as connection:
        connection.execute(insert(THINGS).values(number=1))
    engine.dispose()
    assert (tmp_path / "deep" / "a.sqlite").exists()


def test_each_migration_runs_once_on_an_old_database_and_never_on_a_new_one(tmp_path):
    url = f"sqlite:///{tmp_path}/a.sqlite"
    store.open_database(url, METADATA).dispose()
    add = [lambda connection: connection.execute(text("ALTER TABLE things ADD COLUMN colour TEXT"))]
    for _ in range(2):
        engine = store.open_database(url, METADATA, add)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(colour) FROM things")).scalar_one() == 0
        engine.dispose()


def test_a_new_database_needs_no_migration(tmp_path):
    def never(_connection):
        raise AssertionError

    store.open_database(f"sqlite:///{tmp_path}/new.sqlite", METADATA, [never]).dispose()


def test_many_may_make_it_at_once(tmp_path):
    url = f"sqlite:///{tmp_path}/a.sqlite"
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _number: store.open_database(url, METADATA), range(16)))
    with engines[0].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM schema_version")).scalar_one() == 1
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_later_version_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/a.sqlite"
    store.open_database(url, METADATA, [lambda _connection: None]).dispose()
    with pytest.raises(Unreachable, match=r"made by a later sfcci \(schema version 1\)"):
        store.open_database(url, METADATA)


@pytest.mark.parametrize("url", ["nonsense", "postgres+none://x/y", "sqlite:////proc/none/a.sqlite"])
def test_a_database_that_cannot_be_opened_is_one_sentence(url):
    with pytest.raises((UsageError, store.files.MissingTool)) as caught:
        store.open_database(url, METADATA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://user:geheim@127.0.0.1:1/none", "//user:***@127.0.0.1:1/none"),
        (
            "postgresql+psycopg:///none?host=127.0.0.1&port=1&password=geheim",
            "///none?host=127.0.0.1&port=1",
        ),
    ],
)
def test_a_password_in_the_url_is_not_told(url, said):
    with pytest.raises((Unreachable, MissingTool)) as caught:  # without the server, or without its driver
        store.open_database(url, METADATA)
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value)
