"""Make a project and an API key on an empty Appwrite, and print them as NAME=value lines.

    .raceday/venv/bin/python tests/embedded/appwrite/provision.py http://127.0.0.1:8090/v1

The first account of a server may make projects; its password is thrown away with the server.
"""

import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

sys.path[:0] = [str(Path(__file__).resolve().parents[3]), str(Path(__file__).resolve().parents[3] / "shared")]

from local.embedded.scopes import ALL_SCOPES  # noqa: E402

# Nobody may write health, and a key that asks for it is refused.
SCOPES = sorted(ALL_SCOPES - {"health.write"})
UP_SECS, BETWEEN_SECS = 300.0, 3.0
NAME = "raceday-contract"


def provision(http: httpx.Client, endpoint: str, sleep: Callable[[float], None] = time.sleep) -> dict[str, str]:
    """Return endpoint, project and key; raises httpx.HTTPError where the server refuses or never comes up."""
    _wait(http, sleep)
    console = {"x-appwrite-project": "console"}
    login = {"email": "contract@raceday.local", "password": secrets.token_hex(16)}
    _post(http, "/account", {"userId": "contract", "name": NAME, **login}, console)
    _post(http, "/account/sessions/email", login, console)
    _post(http, "/teams", {"teamId": NAME, "name": NAME}, console)
    project = {"projectId": NAME, "name": NAME, "teamId": NAME, "region": "default"}
    _post(http, "/projects", project, console)
    asked = {"keyId": NAME, "name": NAME, "scopes": SCOPES}
    key = _post(http, "/project/keys", asked, {"x-appwrite-project": NAME, "x-appwrite-mode": "admin"})
    return {"APPWRITE_ENDPOINT": endpoint, "APPWRITE_PROJECT_ID": NAME, "APPWRITE_API_KEY": str(key["secret"])}


def _wait(http: httpx.Client, sleep: Callable[[float], None]) -> None:
    """Wait until the server tells its version; raises httpx.ConnectError after UP_SECS."""
    for _ in range(int(UP_SECS / BETWEEN_SECS)):
        try:
            if http.get("/health/version").is_success:
                return
        except httpx.TransportError:
            pass
        sleep(BETWEEN_SECS)
    raise httpx.ConnectError(f"no Appwrite answered within {UP_SECS:g} s")


def _post(http: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    answer = http.post(path, json=body, headers={"x-appwrite-response-format": "1.9.6", **headers})
    if answer.is_error:
        raise httpx.HTTPStatusError(
            f"{path}: {answer.status_code} {answer.text}", request=answer.request, response=answer
        )
    return dict(answer.json())


def main() -> int:
    """Print the lines; 1 and a line on standard error where it cannot be done."""
    endpoint = sys.argv[1].rstrip("/")
    try:
        with httpx.Client(base_url=endpoint, timeout=30) as http:
            made = provision(http, endpoint)
    except httpx.HTTPError as error:
        print(f"provision: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{name}={value}" for name, value in made.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
