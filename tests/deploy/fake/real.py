"""A real doctl, installed and logged in as a test wants it, that asks a served platform and nobody else."""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.fake.doctl import Finished
from tests.deploy.fake.host import API, HOST
from tests.deploy.fake.scene import KEY
from tests.deploy.fake.serving import TOKEN, Served

PLUGIN = "5.0.22"
_MOST_SECS = 120.0


@dataclass(slots=True)
class RealDoctl:
    """Runs an executable in a home of its own; `plugin_folder` holds doctl's serverless support."""

    executable: str
    plugin_folder: Path
    served: Served
    home: Path
    installed: bool = True
    plugin: str = PLUGIN
    token: bool = True
    key: str = KEY
    stored_namespace: str = "fn-acc"

    def __call__(self, words: Sequence[str], env: Mapping[str, str]) -> Finished:
        """Run one command in the current folder; gives its words with the addresses that tests know."""
        config = self.home / "config"
        self._log_in(config / "doctl" / "sandbox" / "creds" / hashlib.sha1(TOKEN.encode()).digest()[:4].hex())
        own = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_CONFIG_HOME": str(config),
            "OVERRIDE_SANDBOX_DIR": str(self._plugin_there()), "DIGITALOCEAN_API_URL": self.served.address(API),
            **({"DIGITALOCEAN_ACCESS_TOKEN": TOKEN} if self.token else {}),
            # The deployer's address of the API is built in: it reaches the platform as its proxy.
            "HTTPS_PROXY": self.served.address(API), "https_proxy": self.served.address(API),
        }  # fmt: skip
        done = subprocess.run(
            [self.executable, *words], env={**env, **own}, capture_output=True, text=True, check=False,
            timeout=_MOST_SECS,
        )  # fmt: skip
        return Finished(done.returncode, self._plain(done.stdout), self._plain(done.stderr))

    def _plain(self, text: str) -> str:
        return self.served.plain(text).replace(f"{os.getcwd()}/", "")

    def _plugin_there(self) -> Path:
        """Return the folder of the serverless support, one with another version where that is wanted."""
        if not self.installed:
            return self.home / "none"
        there = self.home / f"plugin-{self.plugin}"
        if not there.exists():
            there.mkdir(parents=True)
            for entry in self.plugin_folder.iterdir():
                (there / entry.name).symlink_to(entry)
            (there / "version").unlink(missing_ok=True)
            (there / "version").write_text(self.plugin)
        return there

    def _log_in(self, folder: Path) -> None:
        """Write what a connection stores, or nothing."""
        file = folder / "credentials.json"
        if not self.key:
            file.unlink(missing_ok=True)
            return
        host = self.served.address(HOST)
        stored = {"currentHost": host, "currentNamespace": self.stored_namespace}
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**stored, "credentials": {host: {self.stored_namespace: {"api_key": self.key}}}}))
