"""Routes of webhooks and storage."""

from typing import Any
from urllib.parse import quote

from local.embedded.checks import check_id
from local.embedded.errors import argument, missing
from local.embedded.files import served
from local.embedded.request import Request, Response, Routes
from local.embedded.urls import check_url

ROUTES = Routes()
on = ROUTES.add


@on("GET", "/webhooks")
def list_webhooks(r: Request) -> Any:
    """Every subscription."""
    found = [h.shown() for h in r.server.hooks.hooks.values()]
    return r.page(found, "webhooks")


@on("POST", "/webhooks", 201)
def create_webhook(r: Request) -> Any:
    """A new subscription; its secret is told this once."""
    check_id(r.need("webhookId") if r.body.get("webhookId") != "unique()" else "unique", "webhookId")
    _check_hook(r)
    return r.server.hooks.add(r.body, r.stamp()).shown(secret=True)


def _check_hook(r: Request) -> None:
    """Refuse a subscription without URL, name or events, or with a switch that is none."""
    check_url(r.need("url"), loopback=r.server.loopback_hooks)
    name = r.need("name")
    if not isinstance(name, str) or not 0 < len(name) <= 128:
        raise argument("Invalid `name` param: Value must be a valid string and at least 1 chars and no longer than 128")
    r.need("events")
    if bad := next((key for key in ("enabled", "tls") if not isinstance(r.body.get(key, False), bool)), ""):
        raise argument(f"Invalid `{bad}` param: Value must be a valid boolean")


@on("GET", "/webhooks/{id}")
def get_webhook(r: Request) -> Any:
    """One subscription."""
    return r.server.hooks.get(r.parts["id"]).shown()


@on("PUT", "/webhooks/{id}")
def change_webhook(r: Request) -> Any:
    """Change a subscription."""
    _check_hook(r)
    return r.server.hooks.change(r.parts["id"], r.body).shown()


@on("DELETE", "/webhooks/{id}")
def delete_webhook(r: Request) -> Any:
    """Delete a subscription."""
    r.server.hooks.remove(r.parts["id"])


@on("PATCH", "/webhooks/{id}/secret")
def rotate_webhook_secret(r: Request) -> Any:
    """Another secret of a subscription; it is told this once."""
    return r.server.hooks.rotate(r.parts["id"], r.body.get("secret")).shown(secret=True)


@on("POST", "/storage/buckets", 201)
def create_bucket(r: Request) -> Any:
    """A new bucket."""
    return r.server.files.add_bucket(check_id(r.need("bucketId"), "bucketId"), r.body)


@on("GET", "/storage/buckets")
def list_buckets(r: Request) -> Any:
    """Every bucket."""
    found = r.server.files.buckets()
    return r.page(found, "buckets")


@on("GET", "/storage/buckets/{bucket}")
def get_bucket(r: Request) -> Any:
    """One bucket."""
    return r.server.files.bucket(r.parts["bucket"])


@on("PUT", "/storage/buckets/{bucket}")
def update_bucket(r: Request) -> Any:
    """A bucket's other settings; a setting that is left out is as if it were new."""
    r.need("name")
    return r.server.files.change_bucket(r.parts["bucket"], r.body)


@on("POST", "/storage/buckets/{bucket}/files", 201)
def create_file(r: Request) -> Any:
    """A new file."""
    return r.server.files.add(r.parts["bucket"], r.headers.get("content-type", ""), r.raw)


@on("GET", "/storage/buckets/{bucket}/files")
def list_files(r: Request) -> Any:
    """Every file of a bucket."""
    found = r.server.files.listed(r.parts["bucket"])
    return r.page(found, "files")


@on("GET", "/storage/buckets/{bucket}/files/{file}")
def get_file(r: Request) -> Any:
    """One file's description."""
    return r.server.files.get(r.parts["bucket"], r.parts["file"])[0]


@on("GET", "/storage/buckets/{bucket}/files/{file}/{form}", public=True)
def view_file(r: Request) -> Any:
    """One file's content, to view or to download."""
    if r.parts["form"] not in ("view", "download", "preview"):
        raise missing("general_route", r.parts["form"])
    shown, content = r.server.files.get(r.parts["bucket"], r.parts["file"])
    media_type, content = served(shown, content, r.parts["form"])
    headers = {"content-type": media_type, "x-content-type-options": "nosniff"}
    if r.parts["form"] == "download":
        headers["content-disposition"] = f'attachment; filename="{quote(shown["name"])}"'
    return Response(200, headers, content)


@on("DELETE", "/storage/buckets/{bucket}")
def delete_bucket(r: Request) -> Any:
    """Delete a bucket with its files."""
    r.server.files.delete_bucket(r.parts["bucket"])


@on("DELETE", "/storage/buckets/{bucket}/files/{file}")
def delete_file(r: Request) -> Any:
    """Delete a file."""
    r.server.files.delete(r.parts["bucket"], r.parts["file"])
