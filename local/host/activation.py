"""One activation's record, in the form of the platform's REST answers."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Activation:
    """One run of a function; times in epoch milliseconds, `status` in the platform's words."""

    activation_id: str
    function: str
    namespace: str
    start_ms: int
    end_ms: int = 0
    status: str = ""
    result: Any = None
    logs: list[str] = field(default_factory=list)
    wait_ms: int = 0
    init_ms: int | None = None
    peak_memory_mb: float = 0.0
    timeout_ms: int = 0
    memory_mb: int = 0
    logs_kb: int = 0

    SUCCESS = "success"
    APPLICATION_ERROR = "application error"
    DEVELOPER_ERROR = "action developer error"
    CODES = {SUCCESS: 0, APPLICATION_ERROR: 1, DEVELOPER_ERROR: 2}  # noqa: RUF012

    @property
    def ok(self) -> bool:
        """Tell whether the function ended well."""
        return self.status == self.SUCCESS

    @property
    def cold(self) -> bool:
        """Tell whether this activation had to start a container."""
        return self.init_ms is not None

    @property
    def finished(self) -> bool:
        """Tell whether it has ended."""
        return bool(self.status)

    @property
    def duration_ms(self) -> int:
        """Return how long it ran, its start included."""
        return max(0, self.end_ms - self.start_ms)

    def record(self) -> dict[str, Any]:
        """Return the platform's activation record."""
        limits = {"timeout": self.timeout_ms, "memory": self.memory_mb, "logs": self.logs_kb, "concurrency": 1}
        annotations: list[dict[str, Any]] = [
            {"key": "path", "value": f"{self.namespace}/{self.function}"},
            {"key": "kind", "value": "python:3.11"},
            {"key": "limits", "value": limits},
            {"key": "waitTime", "value": self.wait_ms},
            {"key": "timeout", "value": "time limit" in str(self.result)},
        ]
        if self.init_ms is not None:
            annotations.append({"key": "initTime", "value": self.init_ms})
        return {
            "activationId": self.activation_id,
            "namespace": self.namespace,
            "name": self.function.rpartition("/")[2],
            "version": "0.0.1",
            "start": self.start_ms,
            "end": self.end_ms,
            "duration": self.duration_ms,
            "response": {
                "status": self.status,
                "statusCode": self.CODES.get(self.status, 2),
                "success": self.ok,
                "result": self.result,
            },
            "logs": self.logs,
            "annotations": annotations,
            "publish": False,
        }
