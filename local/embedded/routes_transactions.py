"""Routes of transactions."""

from typing import Any

from local.embedded.checks import check_place
from local.embedded.errors import ApiRefusal, argument
from local.embedded.request import Request, Routes

ROUTES = Routes()
on = ROUTES.add


@on("POST", "/tablesdb/transactions", 201)
def create_transaction(r: Request) -> Any:
    """A new transaction."""
    return r.server.transactions.open(r.body.get("ttl", 300)).shown()


@on("GET", "/tablesdb/transactions")
def list_transactions(r: Request) -> Any:
    """Every transaction since the start."""
    return r.page([t.shown() for t in r.server.transactions.all.values()], "transactions")


@on("GET", "/tablesdb/transactions/{id}")
def get_transaction(r: Request) -> Any:
    """One transaction."""
    return r.server.transactions.get(r.parts["id"]).shown()


@on("POST", "/tablesdb/transactions/{id}/operations", 201)
def stage_operations(r: Request) -> Any:
    """Stage operations."""
    transaction = r.server.transactions.get(check_place(r.parts["id"], "transactionId"))
    r.server.transactions.stage(transaction, r.body.get("operations", []))
    return transaction.shown()


@on("PATCH", "/tablesdb/transactions/{id}")
def end_transaction(r: Request) -> Any:
    """Commit or roll back."""
    for name in ("commit", "rollback"):
        if not isinstance(r.body.get(name, False), bool):
            raise argument(f"Invalid `{name}` param: Value must be a valid boolean")
    ends = [name for name in ("commit", "rollback") if r.body.get(name)]
    if len(ends) != 1:
        words = "Cannot commit and rollback at the same time" if ends else "Either commit or rollback must be true"
        raise ApiRefusal(400, "general_bad_request", words)
    transaction = r.server.transactions.pending(r.parts["id"])
    if ends == ["rollback"]:
        transaction.end("failed")
        return transaction.shown()
    try:
        r.fired += r.server.transactions.replay(transaction)
    except BaseException:
        transaction.end("failed")
        raise
    transaction.end("committed")
    r.committed.append(transaction)
    return transaction.shown()


@on("DELETE", "/tablesdb/transactions/{id}")
def delete_transaction(r: Request) -> Any:
    """Forget a transaction."""
    r.server.transactions.get(r.parts["id"])
    del r.server.transactions.all[r.parts["id"]]
