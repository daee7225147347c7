"""Secrets at rest: encryption, rotation, masking and the key of the data directory."""

import copy
import json
import multiprocessing
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.vault import (
    KEY_FILE,
    Secret,
    Vault,
    VaultError,
    WrongKey,
    fingerprint,
    make_data_dir,
    masked,
    new_key,
    read_or_make_key,
)

PASSPHRASE = Secret("correct horse battery staple, and a few words more")
VAULT = Vault([PASSPHRASE])


# Encryption


@given(st.text(st.characters(codec="utf-8")))
def test_what_goes_in_comes_out(text):
    assert VAULT.decrypt(VAULT.encrypt(text)) == text


def test_a_token_is_ascii_without_the_text_and_never_the_same_twice():
    first, second = VAULT.encrypt("Where is my parcel"), VAULT.encrypt("Where is my parcel")
    assert first.isascii()
    assert "parcel" not in first
    assert first != second


def test_what_was_stored_when_the_format_was_fixed_still_opens():
    token = (
        "gAAAAABrBl9bZ7iFeahJF-KLVxqksrI_9hEEetZoowcLgr_Ea4eZej9rWdiVdtzpcVlBFJDBc4JedcF63qZBolDEHn0acOQ6UUeeksmDJ6"
        "prJ9oaxXdWKvs="
    )
    assert Vault([Secret("k" * 32)]).decrypt(token) == "Where is my parcel?"


def test_another_key_does_not_open_a_token():
    with pytest.raises(WrongKey, match="MOODBRIDGE_SECRET_KEY") as caught:
        Vault([new_key()]).decrypt(VAULT.encrypt("x"))
    assert KEY_FILE in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda token: token[:-8], lambda token: "A" + token[1:], lambda token: "", str.upper]
)
def test_a_changed_token_is_not_opened(damage):
    with pytest.raises(WrongKey):
        VAULT.decrypt(damage(VAULT.encrypt("x")))


def test_a_token_that_is_not_ascii_is_not_opened():
    with pytest.raises(WrongKey):
        VAULT.decrypt("gAAAé")


def test_no_error_holds_the_token():
    token = VAULT.encrypt("x")
    with pytest.raises(WrongKey) as caught:
        Vault([new_key()]).decrypt(token)
    assert token not in str(caught.value)


def test_the_first_key_encrypts_and_all_decrypt():
    old, new = new_key(), new_key()
    both = Vault([new, old])
    assert both.decrypt(Vault([old]).encrypt("x")) == "x"
    assert Vault([new]).decrypt(both.encrypt("x")) == "x"


def test_rotating_makes_the_old_key_needless():
    old, new = new_key(), new_key()
    assert Vault([new]).decrypt(Vault([new, old]).rotate(Vault([old]).encrypt("x"))) == "x"


def test_rotating_an_unknown_token_is_refused():
    with pytest.raises(WrongKey):
        VAULT.rotate(Vault([new_key()]).encrypt("x"))


def test_a_vault_needs_a_key():
    with pytest.raises(VaultError, match="MOODBRIDGE_SECRET_KEY"):
        Vault([])


def test_a_short_key_is_refused_without_telling_it():
    with pytest.raises(VaultError, match="32 characters") as caught:
        Vault([Secret("hunter2")])
    assert "hunter2" not in str(caught.value)


def test_threads_share_a_vault():
    with ThreadPoolExecutor(16) as pool:
        texts = [f"text {number}" for number in range(400)]
        assert list(pool.map(lambda text: VAULT.decrypt(VAULT.encrypt(text)), texts)) == texts


# Secrets


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format, lambda secret: f"{[secret]}", "%s".__mod__])
def test_no_rendering_shows_a_secret(shown):
    assert "hunter2" not in shown(Secret("hunter2-hunter2-hunter2"))


def test_a_secret_is_shown_to_who_asks():
    assert Secret("hunter2").reveal() == "hunter2"


def test_secrets_compare_by_value():
    assert Secret("grüße") == Secret("grüße")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize("dump", [pickle.dumps, json.dumps])
def test_a_secret_is_not_written_out_by_accident(dump):
    with pytest.raises(TypeError):
        dump(Secret("hunter2"))


def test_a_secret_can_be_copied():
    secret = Secret("a")
    assert copy.deepcopy([secret])[0] is secret


def test_a_secret_takes_no_further_attributes():
    with pytest.raises(AttributeError):
        Secret("a").note = "x"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("whsec_0123456789abcdef", "****cdef"),
        ("0123456789abcdef", "****cdef"),
        ("0123456789abcde", "****"),
        ("", "****"),
    ],
)
def test_a_masked_secret_shows_its_end_if_it_is_long(secret, shown):
    assert masked(secret) == shown


def test_a_fingerprint_is_sha256():
    assert fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_new_keys_differ_and_are_long_enough():
    assert new_key() != new_key()
    assert len(new_key().reveal()) == 43


# The data directory


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    home = tmp_path / "deep" / "down"
    key = read_or_make_key(home)
    assert read_or_make_key(home) == key
    assert (mode(home), mode(home / KEY_FILE)) == (0o700, 0o600)
    assert os.listdir(home) == [KEY_FILE]


def test_the_umask_does_not_open_the_key(tmp_path):
    before = os.umask(0)
    try:
        read_or_make_key(tmp_path / "home")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "home"), mode(tmp_path / "home" / KEY_FILE)) == (0o700, 0o600)


def _make(home, start, keys):
    start.wait()
    keys.put(read_or_make_key(home).reveal())


def test_processes_that_start_at_once_get_the_same_key(tmp_path):
    context = multiprocessing.get_context("fork")
    for round_ in range(5):
        start, keys = context.Barrier(6), context.Queue()
        home = tmp_path / str(round_)
        processes = [context.Process(target=_make, args=(home, start, keys)) for _ in range(6)]
        for process in processes:
            process.start()
        found = {keys.get(timeout=30) for _ in processes}
        for process in processes:
            process.join()
        assert found == {(home / KEY_FILE).read_text().strip()}
        assert os.listdir(home) == [KEY_FILE]


def test_a_key_that_others_can_read_is_closed(tmp_path):
    read_or_make_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    read_or_make_key(tmp_path)
    assert mode(tmp_path / KEY_FILE) == 0o600


def test_an_empty_directory_that_others_can_read_is_closed(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    make_data_dir(tmp_path / "home")
    assert mode(tmp_path / "home") == 0o700


def test_a_directory_that_holds_other_things_keeps_its_mode(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home" / "letters").touch()
    read_or_make_key(tmp_path / "home")
    assert mode(tmp_path / "home") == 0o755


@pytest.mark.parametrize("content", [b"", b"too short\n", b"\xff\xfe\xfa" * 20])
def test_a_file_without_a_key_is_never_replaced(tmp_path, content):
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(VaultError, match="MOODBRIDGE_SECRET_KEY"):
        read_or_make_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == content


def test_a_place_where_no_directory_can_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(VaultError, match="MOODBRIDGE_DATA_DIR"):
        read_or_make_key(tmp_path / "file" / "home")
