"""What the real tools were seen to say, as data."""

import json
from pathlib import Path
from typing import Any

from tests.deploy.fake.host import API, HOST, Answer

WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("doctl_words.json").read_text("utf-8"))


def host_error(answer: Answer) -> str:
    """Return what the namespace host says of an error."""
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    return str(told or WORDS["host"].get(str(answer.status), "unknown"))


def host_failure(answer: Answer, method: str, path: str) -> str:
    """Say as doctl does what went wrong with a call to the namespace host."""
    if answer.status <= 0:
        return unanswered(HOST, answer, method, path)
    if answer.status == 400:
        return "The connection failed, or timed out. (HTTP status code 400)"
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    return f"{host_error(answer)} (code {code or f'AbC{answer.status}xyz'})"


def api_failure(answer: Answer, method: str, path: str, attempts: int) -> str:
    """Say as doctl does what went wrong with a call to the API."""
    if answer.status <= 0:
        return unanswered(API, answer, method, path)
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    gave_up = f"; giving up after {attempts} attempt(s)" if str(answer.status) in WORDS["retried"] else ""
    return f"{method} {API}{path}: {answer.status} {told or WORDS['api'][str(answer.status)]}{gave_up}"


def unanswered(base: str, answer: Answer, method: str, path: str) -> str:
    """Say as doctl does that no answer came."""
    host = base.removeprefix("https://")
    why = "EOF" if answer.status == 0 else f"dial tcp {host}: connect: connection refused"
    return f'{method.capitalize()} "{base}{path}": {why}'
