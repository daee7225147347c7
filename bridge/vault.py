"""Secrets: how they are held, masked, encrypted at rest, and where the key that encrypts them lives.

A secret key is any string of at least 32 characters. The Fernet key is derived from it by HKDF-SHA256
(RFC 5869) without salt and with a fixed `info`, so that a passphrase works as well as 32 random bytes. HKDF
does not slow guessing down: the length is what protects.
"""

import base64
import contextlib
import errno
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.errors import BridgeError

KEY_FILE = "secret.key"
MIN_KEY_LENGTH = 32
SHOWN_CHARACTERS = 4


class VaultError(BridgeError):
    """The secret key is missing, too short or cannot be stored."""


class WrongKey(VaultError):
    """What is stored was encrypted with another key."""

    def __init__(self) -> None:
        super().__init__(
            "a stored secret was encrypted with another secret key: add the old key to the end of "
            "MOODBRIDGE_SECRET_KEY (new,old) and run `moodbridge secrets rotate`, or put the old "
            f"{KEY_FILE} back into the data directory"
        )


class Secret:
    """A string that shows itself to nobody who does not ask: `reveal()` gives it, every rendering is masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(****)"

    def __str__(self) -> str:
        return "****"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return secrets.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")


class Vault:
    """Encrypts and decrypts short texts with one key, and decrypts what older keys left.

    One vault serves all threads of a process. It holds no open resource.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        """`keys`: the first encrypts, all decrypt. Raises VaultError for no key or a short one."""
        if not keys:
            raise VaultError("no secret key: set MOODBRIDGE_SECRET_KEY or MOODBRIDGE_SECRET_KEY_FILE")
        self._fernets = MultiFernet([Fernet(_fernet_key(key)) for key in keys])

    def encrypt(self, text: str) -> str:
        """The text as a Fernet token (ASCII, about 4/3 of its UTF-8 length and 100 characters)."""
        return self._fernets.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The text of a token. Raises WrongKey when no key opens it, or when it was changed."""
        try:
            return self._fernets.decrypt(token.encode()).decode()
        except InvalidToken:
            raise WrongKey from None

    def rotate(self, token: str) -> str:
        """The same text, encrypted with the first key. Raises WrongKey when no key opens the token."""
        try:
            return self._fernets.rotate(token.encode()).decode("ascii")
        except InvalidToken:
            raise WrongKey from None


def _fernet_key(key: Secret) -> bytes:
    if len(key.reveal()) < MIN_KEY_LENGTH:
        raise VaultError(f"a secret key needs at least {MIN_KEY_LENGTH} characters")
    derived = HKDF(SHA256(), length=32, salt=None, info=b"moodbridge vault 1").derive(key.reveal().encode())
    return base64.urlsafe_b64encode(derived)


def new_key() -> Secret:
    """A fresh secret key: 32 random bytes as 43 URL-safe characters."""
    return Secret(secrets.token_urlsafe(32))


def masked(secret: str) -> str:
    """What may be shown of a secret: its last four characters, or none of a short one."""
    return "****" + (secret[-SHOWN_CHARACTERS:] if len(secret) >= 4 * SHOWN_CHARACTERS else "")


def fingerprint(value: str) -> str:
    """SHA-256 of a value in hex, to find it again without keeping it."""
    return hashlib.sha256(value.encode()).hexdigest()


def keyed_hash(secret: str, value: str) -> str:
    """HMAC-SHA256 of a value in hex: who does not have the secret can neither find nor guess the value by it."""
    # Not hmac.digest, which gives other threads a turn first (see bridge/signing.py).
    return hmac.new(secret.encode(), value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def make_data_dir(data_dir: Path) -> None:
    """Makes the data directory, readable by its owner alone. One that holds other things keeps its mode.

    Raises VaultError when it cannot be made.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(data_dir.stat().st_mode) & 0o077 and _is_ours(data_dir):
            data_dir.chmod(0o700)
    except OSError as problem:
        raise VaultError(
            f"the data directory {data_dir} cannot be made ({_reason(problem)}): set MOODBRIDGE_DATA_DIR to another"
        ) from None


def _is_ours(data_dir: Path) -> bool:
    return (data_dir / KEY_FILE).exists() or next(data_dir.iterdir(), None) is None


def read_or_make_key(data_dir: Path) -> Secret:
    """The secret key of the data directory, made on first use (mode 0600). Two processes get the same one.

    Raises VaultError when the file cannot be read or written, or holds no key.
    """
    make_data_dir(data_dir)
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _store_first(path, new_key())
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
        key = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise VaultError(
            f"the secret key {path} cannot be read or made ({_reason(problem)}): "
            "mend the file's rights or set MOODBRIDGE_SECRET_KEY"
        ) from None
    if len(key) < MIN_KEY_LENGTH:
        raise VaultError(f"{path} holds no secret key: put the right one back, or set MOODBRIDGE_SECRET_KEY")
    return Secret(key)


def _store_first(path: Path, key: Secret) -> None:
    """Writes the key unless another process was first. A link appears whole or not at all, so no reader sees half."""
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.reveal() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _reason(problem: OSError | UnicodeDecodeError) -> str:
    if isinstance(problem, OSError) and problem.errno is not None:
        return errno.errorcode.get(problem.errno, "") + ": " + os.strerror(problem.errno)
    return "not text"
