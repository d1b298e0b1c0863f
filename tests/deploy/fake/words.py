"""What the real tools were seen to say, as data."""

import json
from pathlib import Path
from typing import Any

from tests.deploy.fake.host import API, HOST, Answer, phrase

WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("doctl_words.json").read_text("utf-8"))


def bodiless(answer: Answer) -> bool:
    """Tell whether an error comes from what stands before the platform, which says nothing but its status."""
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    return not said and answer.status in WORDS["bodiless"]


def retried(status: int) -> bool:
    """Tell whether doctl asks the API again: after 429 and every 5xx but one."""
    return status == 429 or (status >= 500 and status != 501)


def host_error(answer: Answer) -> str:
    """Return what the namespace host says of an error; the deployer takes the status' words where there is no body."""
    if bodiless(answer):
        return phrase(answer.status)
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    return str(told or WORDS["host"].get(str(answer.status), "unknown"))


def host_failure(answer: Answer, method: str, path: str) -> str:
    """Say as doctl does what went wrong with a call to the namespace host."""
    if answer.status <= 0:
        return unanswered(HOST, answer, method, path)
    if answer.status == 400 or bodiless(answer):
        return f"The connection failed, or timed out. (HTTP status code {answer.status})"
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    return f"{host_error(answer)} (code {code or f'AbC{answer.status}xyz'})"


def api_failure(answer: Answer, method: str, path: str, attempts: int) -> str:
    """Say as doctl does what went wrong with a call to the API."""
    if answer.status <= 0:
        return unanswered(API, answer, method, path)
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    words = "" if bodiless(answer) else told or WORDS["api"].get(str(answer.status), "unknown")
    gave_up = f"; giving up after {attempts} attempt(s)" if retried(answer.status) else ""
    return f"{method} {API}{path}: {answer.status} {words}{gave_up}"


def unanswered(base: str, answer: Answer, method: str, path: str) -> str:
    """Say as doctl does that no answer came."""
    host = base.removeprefix("https://")
    why = "EOF" if answer.status == 0 else f"dial tcp {host}: connect: connection refused"
    return f'{method.capitalize()} "{base}{path}": {why}'
