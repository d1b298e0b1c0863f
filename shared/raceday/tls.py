"""The one TLS context of a process, for feed, store and platform alike."""

import re
import ssl
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import httpx

SYSTEM_FOLDER = "/etc/ssl/certs"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d")


@cache
def context() -> ssl.SSLContext:
    """Return the context, made once.

    Certificates that lie in a folder by their hashes are read when a server shows one of theirs, in a millisecond;
    certifi's single file is parsed whole, in forty. A file or folder that the environment names counts before both.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None and paths.cafile != paths.openssl_cafile:
        return httpx.create_ssl_context()
    return make(folder for folder in (paths.capath, SYSTEM_FOLDER) if folder)


def make(folders: Iterable[str]) -> ssl.SSLContext:
    """Make a context of the first of these folders that holds certificates by their hashes, else of certifi's."""
    for folder in folders:
        if _is_hashed(Path(folder)):
            return ssl.create_default_context(capath=folder)
    return httpx.create_ssl_context()


def _is_hashed(folder: Path) -> bool:
    try:
        return any(_HASHED.fullmatch(path.name) for path in folder.iterdir())
    except OSError:
        return False
