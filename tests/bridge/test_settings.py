"""The environment as settings: defaults, what is allowed, and what stops the start."""

import re
from pathlib import Path

import pytest

from bridge.settings import SETTINGS, SettingError, Settings, load, masked_url, standalone_missing

KEY = "k" * 32
OLD_KEY = "o" * 40
DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def settings(**environ: str) -> Settings:
    return load({"HOME": "/home/ada", **environ}, terminal=False)


def refusal(**environ: str) -> str:
    with pytest.raises(SettingError) as caught:
        settings(**environ)
    return str(caught.value)


# Defaults


def test_nothing_set_runs_on_embedded_defaults(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    found = settings()
    assert found.data_dir == Path("/home/ada/.local/share/moodbridge")
    assert found.database_url == "sqlite:////home/ada/.local/share/moodbridge/moodbridge.db"
    assert (found.secret_keys, found.redis_url, found.metrics_port) == ((), None, None)
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert (found.allow_hosts, found.allow_private_hosts, found.warnings) == ((), False, ())


def test_an_empty_value_is_as_good_as_unset():
    names = {setting.name: "" for setting in SETTINGS}
    assert settings(**names) == settings()


def test_the_data_directory_follows_xdg(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert settings(XDG_DATA_HOME="/data").data_dir == Path("/data/moodbridge")


def test_a_relative_xdg_directory_is_ignored_as_its_specification_asks(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert settings(XDG_DATA_HOME="data").data_dir == Path("/home/ada/.local/share/moodbridge")


def test_the_data_directory_follows_macos(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert settings().data_dir == Path("/home/ada/Library/Application Support/moodbridge")


def test_a_data_directory_becomes_absolute():
    assert settings(MOODBRIDGE_DATA_DIR="here").data_dir == Path.cwd() / "here"


def test_a_data_directory_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    assert "MOODBRIDGE_DATA_DIR: must be a directory" in refusal(MOODBRIDGE_DATA_DIR=str(tmp_path / "file"))


# Listening


def test_a_port_alone_listens_everywhere_with_a_warning():
    found = settings(PORT="9000")
    assert (found.host, found.port, found.public_url) == ("0.0.0.0", 9000, "http://127.0.0.1:9000")
    assert "all interfaces" in found.warnings[0]


def test_a_host_alone_keeps_the_default_port():
    assert (settings(HOST="0.0.0.0").host, settings(HOST="0.0.0.0").port) == ("0.0.0.0", 8080)
    assert settings(HOST="0.0.0.0").warnings == ()


def test_host_and_port_together_are_taken_without_a_warning():
    found = settings(HOST="::1", PORT="1")
    assert (found.host, found.port, found.public_url, found.warnings) == ("::1", 1, "http://[::1]:1", ())


@pytest.mark.parametrize("value", ["0", "65536", "-1", "80.0", "eighty", "\uff18\uff10", "1_000", "0x50"])
@pytest.mark.parametrize("name", ["PORT", "METRICS_PORT"])
def test_a_port_is_a_whole_number_in_range(name, value):
    message = refusal(**{name: value})
    assert message.startswith(f"{name}: must be a whole number from 1 to 65535")
    assert repr(value) in message


def test_the_metrics_port_is_another_than_the_port():
    assert refusal(METRICS_PORT="8080").startswith("METRICS_PORT:")


@pytest.mark.parametrize("value", ["a b", "http://a", "1.2.3", "1.2.3.4.5", "300.1.1.1", "-a", "a..b", "[::1", "x:80"])
def test_a_host_is_a_name_or_an_address(value):
    assert refusal(HOST=value).startswith("HOST: must be")


# The public address


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://mood.example.com", "https://mood.example.com"),
        ("https://mood.example.com/", "https://mood.example.com"),
        ("https://example.com/mood/", "https://example.com/mood"),
        ("http://[::1]:8080//", "http://[::1]:8080"),
    ],
)
def test_the_public_address_is_kept_without_slash(value, kept):
    assert settings(MOODBRIDGE_URL=value).public_url == kept


@pytest.mark.parametrize(
    "value",
    [
        "mood.example.com",
        "ftp://x",
        "https://",
        "https://x/?a=b",
        "https://x/#a",
        "https://a b",
        "https://x:99999",
        "https://x:0",
        "https://[::1",
        "https://mood_ex$mple",
    ],
)
def test_the_public_address_is_a_plain_web_address(value):
    assert refusal(MOODBRIDGE_URL=value).startswith("MOODBRIDGE_URL: must be")


def test_a_password_in_a_refused_value_is_not_repeated():
    assert "hunter2" not in refusal(MOODBRIDGE_URL="https://ada:hunter2@mood.example.com")


# Database and Redis


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spelled_for_psycopg_3(scheme):
    found = settings(DATABASE_URL=f"{scheme}://u:p%40@db:5432/mood?sslmode=require")
    assert found.database_url == "postgresql+psycopg://u:p%40@db:5432/mood?sslmode=require"
    assert found.database_url_set


@pytest.mark.parametrize("url", ["sqlite:///relative.db", "sqlite:////var/lib/mood bridge/a.db"])
def test_a_sqlite_file_is_taken_as_it_is(url):
    assert settings(DATABASE_URL=url).database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/mood",
        "postgresql+asyncpg://db/mood",
        "postgresql://db",
        "postgresql://db/",
        "postgresql:db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mood.db",
        "postgresql://db/mood\nx",
    ],
)
def test_other_databases_are_refused(url):
    assert refusal(DATABASE_URL=url).startswith("DATABASE_URL: must be sqlite:///FILE or postgresql://")


def test_a_refused_secret_is_not_repeated():
    assert "hunter2" not in refusal(DATABASE_URL="mysql://ada/mood?password=hunter2")


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "rediss://:pw@cache/1", "unix:///run/redis.sock?db=0"])
def test_redis_is_reached_by_tcp_tls_or_socket(url):
    assert settings(REDIS_URL=url).redis_url == url


@pytest.mark.parametrize(
    "url", ["http://x", "redis://", "localhost:6379", "unix://", "redis://x:0", "redis://x:y", "redis://a b"]
)
def test_what_is_no_redis_address_is_refused(url):
    assert refusal(REDIS_URL=url).startswith("REDIS_URL: must be")


# Secrets


def test_a_key_list_rotates_the_first_first():
    keys = settings(MOODBRIDGE_SECRET_KEY=f"{KEY}, {OLD_KEY}").secret_keys
    assert [key.reveal() for key in keys] == [KEY, OLD_KEY]


@pytest.mark.parametrize("value", ["short", f"{KEY},", f"{KEY},,{OLD_KEY}", f"{KEY},short", ","])
def test_every_key_is_long_enough(value):
    message = refusal(MOODBRIDGE_SECRET_KEY=value)
    assert message.startswith("MOODBRIDGE_SECRET_KEY: must be one or more strings of at least 32 characters")
    assert KEY not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("MOODBRIDGE_SECRET_KEY", KEY), ("DATABASE_URL", "sqlite:////a.db"), ("REDIS_URL", "redis://cache/0")],
)
def test_each_secret_may_stand_in_a_file(tmp_path, name, value):
    (tmp_path / "secret").write_text(value + "\n")
    assert settings(**{name + "_FILE": str(tmp_path / "secret")}) == settings(**{name: value})


def test_every_secret_of_the_table_may_stand_in_a_file():
    assert {setting.name for setting in SETTINGS if setting.secret} == {
        "MOODBRIDGE_SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
    }


def test_a_secret_given_twice_is_refused(tmp_path):
    (tmp_path / "secret").write_text(KEY)
    message = refusal(MOODBRIDGE_SECRET_KEY=KEY, MOODBRIDGE_SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert message.startswith("MOODBRIDGE_SECRET_KEY:")


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_refused(tmp_path, content):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    assert refusal(REDIS_URL_FILE=str(path)).startswith("REDIS_URL_FILE:")


def test_a_file_with_several_lines_is_no_key(tmp_path):
    (tmp_path / "secret").write_text(f"{KEY}\n{OLD_KEY}\n")
    assert refusal(MOODBRIDGE_SECRET_KEY_FILE=str(tmp_path / "secret")).startswith("MOODBRIDGE_SECRET_KEY:")


def test_settings_show_no_secret():
    shown = repr(
        settings(
            MOODBRIDGE_SECRET_KEY=KEY,
            DATABASE_URL="postgresql://ada:hunter2@db/mood?password=hunter3",
            REDIS_URL="redis://:hunter4@cache/0",
        )
    )
    assert not any(secret in shown for secret in (KEY, "hunter2", "hunter3", "hunter4"))
    assert "postgresql+psycopg://ada:****@db/mood" in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@cache:6379/0", "redis://:****@cache:6379/0"),
        ("postgresql://ada@db/mood", "postgresql://ada@db/mood"),
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("https://x/y?token=abc&flag", "https://x/y?token=****&flag=****"),
        ("redis://u:p@w@cache/0", "redis://u:****@cache/0"),
        ("https://[::1", "****"),
    ],
)
def test_a_url_is_shown_without_password_and_query_values(url, shown):
    assert masked_url(url) == shown


# Outgoing calls and logs


def test_allowed_hosts_are_names_addresses_and_networks():
    found = settings(MOODBRIDGE_ALLOW_HOSTS="HelpDesk.internal., 10.1.0.0/16,::1 ,192.168.1.4,fd00::/8")
    assert found.allow_hosts == ("helpdesk.internal", "10.1.0.0/16", "::1", "192.168.1.4", "fd00::/8")


@pytest.mark.parametrize("value", ["http://x", "x:80", "10.0.0.1/8", "10.0.0.0/33", "*.internal", "a b", "x/y"])
def test_other_allowed_hosts_are_refused(value):
    assert refusal(MOODBRIDGE_ALLOW_HOSTS=value).startswith("MOODBRIDGE_ALLOW_HOSTS: must be")


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("on", True),
        ("ON", True),
        ("true", True),
        ("yes", True),
        ("1", True),
        ("off", False),
        ("no", False),
        ("0", False),
    ],
)
def test_a_switch_is_on_or_off(value, meant):
    assert settings(MOODBRIDGE_ALLOW_PRIVATE_HOSTS=value).allow_private_hosts is meant


@pytest.mark.parametrize("value", ["2", "enabled", "o n", "t"])
def test_a_switch_is_nothing_else(value):
    assert refusal(MOODBRIDGE_ALLOW_PRIVATE_HOSTS=value).startswith("MOODBRIDGE_ALLOW_PRIVATE_HOSTS: must be on or off")


def test_logs_are_text_on_a_terminal_and_json_elsewhere():
    assert (load({}, terminal=True).log_format, load({}, terminal=False).log_format) == ("text", "json")
    assert load({"MOODBRIDGE_LOG_FORMAT": "json"}, terminal=True).log_format == "json"


def test_another_log_format_is_refused():
    assert refusal(MOODBRIDGE_LOG_FORMAT="xml") == "MOODBRIDGE_LOG_FORMAT: must be json or text, not 'xml'"


# Unknown names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MOODBRIDGE_SECRETKEY", "MOODBRIDGE_SECRET_KEY"),
        ("MOODBRIDGE_ALLOW_HOST", "MOODBRIDGE_ALLOW_HOSTS"),
        ("MOODBRIDGE_DATABASE_URL", "DATABASE_URL"),
        ("MOODBRIDGE_REDIS_URL_FILE", "REDIS_URL_FILE"),
        ("MOODBRIDGE_PORT", "PORT"),
    ],
)
def test_a_misspelt_name_stops_the_start_and_says_which_is_meant(name, meant):
    assert refusal(**{name: "x"}) == f"{name}: is no setting of Moodbridge: did you mean {meant}?"


def test_an_unknown_name_stops_the_start():
    assert refusal(MOODBRIDGE_ZZZ="x") == "MOODBRIDGE_ZZZ: is no setting of Moodbridge"


def test_a_file_for_what_is_no_secret_is_unknown():
    assert refusal(MOODBRIDGE_URL_FILE="/x").startswith("MOODBRIDGE_URL_FILE: is no setting")


@pytest.mark.parametrize(
    "link",
    [
        {"MOODBRIDGE_SERVICE_HOST": "10.0.0.1"},
        {"MOODBRIDGE_SERVICE_PORT_HTTP": "80"},
        {"MOODBRIDGE_PORT": "tcp://10.0.0.1:80"},
        {"MOODBRIDGE_WEB_PORT_8080_TCP_ADDR": "10.0.0.1"},
        {"MOODBRIDGE_PORT_80_TCP": "tcp://10.0.0.1:80"},
        {"MOODBRIDGE_TESTS_ANYTHING": "1"},
    ],
)
def test_what_kubernetes_and_our_tests_add_is_no_mistake(link):
    assert settings(**link) == settings()


def test_the_error_carries_the_settings_name():
    with pytest.raises(SettingError) as caught:
        settings(PORT="x")
    assert caught.value.setting == "PORT"


# Started alone


def test_all_three_are_missing_by_default():
    assert standalone_missing(settings()) == ["MOODBRIDGE_SECRET_KEY", "DATABASE_URL", "REDIS_URL"]


def test_nothing_is_missing_when_all_are_set():
    found = settings(MOODBRIDGE_SECRET_KEY=KEY, DATABASE_URL="postgres://db/mood", REDIS_URL="redis://cache")
    assert standalone_missing(found) == []


# The document


def test_the_document_lists_every_setting_as_the_code_has_it():
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in DOCUMENT.read_text("utf-8").splitlines()
        if re.match(r"\| `[A-Z_]+`", line)
    ]
    assert rows == [
        (
            f"`{setting.name}`" + (f" or `{setting.name}_FILE`" if setting.secret else ""),
            setting.allowed,
            setting.default,
            setting.meaning,
        )
        for setting in SETTINGS
    ]
