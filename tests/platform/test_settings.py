"""Settings: four sources in their order, and what is refused with a plain sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fhir_server.cli.settings_page import settings_page
from fhir_server.settings import Settings, SettingsError, is_loopback

REPOSITORY = Path(__file__).parents[2]
SECRET = "Xyzzy-42"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FHIR_SERVER_"):
            monkeypatch.delenv(name)


def test_an_option_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("port = 1001\nworkers = 2\nsearch_strict = false\n")
    monkeypatch.setenv("FHIR_SERVER_PORT", "1002")
    monkeypatch.setenv("FHIR_SERVER_WORKERS", "3")
    settings = Settings.load({"port": "1003"}, file)
    expected = {
        "port": (1003, "option"),
        "workers": (3, "environment"),
        "search_strict": (False, "file"),
        "host": ("127.0.0.1", "default"),
    }
    for name, (value, source) in expected.items():
        assert (getattr(settings, name), settings.source_of(name)) == (value, source)
    monkeypatch.setenv("FHIR_SERVER_CONFIG", str(file))
    assert Settings.load({}).source_of("search_strict") == "file"


def test_a_setting_of_the_issue_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FHIR_SERVER_ACCESS_TOKEN_LIFETIME", "2")
    assert Settings.load({}).access_token_lifetime == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"port": "many"}, "port should be a valid integer"),
        ({"port": "0"}, "port should be greater than"),
        ({"access_token_lifetime": "3601"}, "access_token_lifetime should be less than"),
        ({"base_url": "example.org"}, "should be an absolute http or https address"),
        ({"base_url": "http://h/fhir/"}, "should end before /fhir"),
        ({"base_url": "http://u@h"}, "should have no query, fragment or user"),
        ({"database": "a.b"}, "database should be 1 to 63 letters"),
        ({"database": "local"}, "should not be one of MongoDB's own"),
        ({"mongodb_uri": f"postgres://u:{SECRET}@h/"}, "should start with mongodb://"),
        ({"log_level": SECRET}, "log_level should be"),
        ({"data_dir": "a", "mongodb_uri": "mongodb://h"}, "either data_dir or mongodb_uri"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence_without_it(
    options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence) as refused:
        Settings.load(options)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_unknown_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("prot = 8001\n")
    with pytest.raises(SettingsError, match=r"The key prot of .* is not a setting"):
        Settings.load({}, file)
    file.write_text("port = \n")
    with pytest.raises(SettingsError, match="is not TOML"):
        Settings.load({}, file)
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load({}, tmp_path / "absent.toml")
    monkeypatch.setenv("FHIR_SERVER_PROT", "8001")
    with pytest.raises(SettingsError, match="variable FHIR_SERVER_PROT is not a setting"):
        Settings.load({})


def test_the_nearest_source_decides_where_the_store_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_SERVER_MONGODB_URI", "mongodb://h")
    assert Settings.load({}).mongodb_uri is not None
    assert Settings.load({"data_dir": "/x"}).mongodb_uri is None


@pytest.mark.parametrize(
    ("options", "public_url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "localhost", "port": 81}, "http://localhost:81"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "0.0.0.0", "base_url": "https://fhir.org/x/"}, "https://fhir.org/x"),
    ],
)
def test_the_base_url_comes_from_the_settings(options: dict[str, object], public_url: str) -> None:
    settings = Settings.load(options)
    assert settings.public_url == public_url
    assert settings.fhir_base == f"{public_url}/fhir"


TLS = {"tls_cert": __file__, "tls_key": __file__}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, None),
        ({"host": "0.0.0.0"}, "give --base-url"),
        ({"host": "0.0.0.0", "base_url": "http://fhir.org"}, "Plain http on 0.0.0.0"),
        ({"host": "0.0.0.0", "base_url": "http://fhir.org", "behind_proxy": True}, None),
        ({"host": "0.0.0.0", "base_url": "https://fhir.org", **TLS}, None),
        ({"host": "0.0.0.0", "base_url": "http://fhir.org", **TLS}, "is plain http"),
        ({"base_url": "http://fhir.org"}, "is plain http"),
        ({"base_url": "http://127.0.0.1:9000"}, None),
        ({"tls_cert": __file__}, "needs both"),
        ({"tls_cert": "/no", "tls_key": "/no"}, "cannot be read"),
        ({"search_max_count": 10}, "search_default_count is larger"),
    ],
)
def test_what_may_be_served(options: dict[str, object], sentence: str | None) -> None:
    settings = Settings.load(options)
    if sentence is None:
        settings.check_serving()
    else:
        with pytest.raises(SettingsError, match=sentence):
            settings.check_serving()


def test_secrets_are_masked() -> None:
    uri = f"mongodb://root:{SECRET}@db1,db2/admin?tlsCertificateKeyFilePassword={SECRET}"
    settings = Settings.load({"mongodb_uri": uri})
    assert settings.shown("mongodb_uri") == "mongodb://****@db1,db2/admin?****"
    assert SECRET not in repr(settings)


def test_the_master_key_does_not_depend_on_the_folder_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/keys")
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).master_key_path == tmp_path / "data" / "master.key"
    elsewhere = Settings.load({"mongodb_uri": "mongodb://h"})
    assert elsewhere.master_key_path == Path("/etc/keys/fhir-server/master.key")
    assert Settings.load({"master_key_file": "k"}).master_key_path == tmp_path / "k"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", False), ("h", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_settings_page_is_current() -> None:
    assert (REPOSITORY / "docs" / "settings.md").read_text("utf-8") == settings_page()
