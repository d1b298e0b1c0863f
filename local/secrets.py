"""Secrets of this folder's servers, each in a file that its owner alone reads."""

import os
from pathlib import Path


def kept(path: Path, new: str, *, replace: bool = False) -> str:
    """Return the secret that lies in a file, `new` where there is none or with `replace`, and keep it there.

    A file is not written anew: another server may have told its callers to read it.
    """
    if not replace and path.exists() and (former := path.read_text("utf-8").strip()):
        return former
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(new)
    return new
