"""The NZ TAB affiliates feed: client, payload models and the AU/NZ filter."""
