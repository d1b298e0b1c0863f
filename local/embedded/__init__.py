"""An embedded, Appwrite-compatible server on SQLite: the part of Appwrite that the suite and its client use."""

from local.embedded.bootstrap import bootstrap
from local.embedded.hooks import Delivery, WebhookWorker
from local.embedded.server import Embedded
from local.embedded.transport import EmbeddedTransport, StoreHook

__all__ = ["Delivery", "Embedded", "EmbeddedTransport", "StoreHook", "WebhookWorker", "bootstrap"]
