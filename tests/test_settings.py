"""Settings: environment over sfcci.toml over defaults."""

import pytest

from sfcci import settings
from sfcci.errors import InputError


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "sfcci.toml").write_text('[graphite]\nurl = "http://127.0.0.1:1"\ncarbon = "127.0.0.1:2"\n')
    found = settings.load(tmp_path, {"SFCCI_GRAPHITE_URL": "http://127.0.0.1:3", "SFCCI_RUN_STATE": "/s"})
    assert (found.graphite.url, found.graphite.carbon) == ("http://127.0.0.1:3", "127.0.0.1:2")
    assert found.database_url == "sqlite:////s/runs.sqlite"


def test_a_typo_in_the_file_is_told_with_its_line(tmp_path):
    (tmp_path / "sfcci.toml").write_text('[graphite]\n\nulr = "x"\n')
    with pytest.raises(InputError, match=r"sfcci.toml:3:1: graphite.ulr: unknown key; .*did you mean url\?"):
        settings.load(tmp_path, {})


def test_a_token_shows_in_no_representation(tmp_path):
    found = settings.load(tmp_path, {"SFCCI_GRAFANA_TOKEN": "geheim"})
    assert found.grafana.secret() == "geheim"
    assert "geheim" not in repr(found)


def test_a_token_may_lie_in_a_file(tmp_path):
    (tmp_path / "token").write_text("geheim\n")
    assert (
        settings.load(tmp_path, {"SFCCI_GRAFANA_TOKEN_FILE": str(tmp_path / "token")}).grafana.secret()
        == "geheim"
    )


def test_folders_are_seen_from_the_project(tmp_path):
    (tmp_path / "sfcci.toml").write_text('[run]\nstate = "s"\ncache = "~/c"\n[gate]\njobs = "ci/jobs"\n')
    found = settings.load(tmp_path, {})
    assert found.state == tmp_path / "s"
    assert found.cache == settings.Path("~/c").expanduser()
    assert found.gate.jobs == str(tmp_path / "ci" / "jobs")
    assert settings.load(tmp_path, {}).database_url == f"sqlite:///{tmp_path}/s/runs.sqlite"


def test_a_misspelt_variable_is_told_and_not_ignored(tmp_path):
    with pytest.raises(
        InputError, match=r"\$SFCCI_GATE_TENNANT: unknown setting; did you mean SFCCI_GATE_TENANT\?"
    ):
        settings.load(tmp_path, {"SFCCI_GATE_TENNANT": "x", "SFCCI_SOMETHING_ELSE": "y"})


@pytest.mark.parametrize("key", ["token_file", "password_file"])
def test_an_apis_secret_that_everybody_may_read_is_refused(tmp_path, key):
    path = tmp_path / "secret"
    path.write_text("geheim\n")
    api = settings.Api(**{key: str(path)})
    read = api.secret if key == "token_file" else api.password_secret
    for mode in (0o644, 0o602):
        path.chmod(mode)
        with pytest.raises(InputError, match=rf"everybody .* \(mode {mode:04o}\); .*run: chmod o= {path}"):
            read()
    for mode in (0o600, 0o640):
        path.chmod(mode)
        assert read() == "geheim"
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read()
