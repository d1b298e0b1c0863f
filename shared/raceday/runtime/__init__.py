"""What stands between the platform and a use case."""
