"""Appwrite: client, schema, row identifiers and row mapping."""
