"""Limits of DigitalOcean Functions, as documented or observed."""

MAX_MEMORY_MB = 1024
MAX_TIMEOUT_MS = 900_000
MAX_LOGS_KB = 256
MAX_PAYLOAD_BYTES = 1_048_576
# Scheduled triggers that an account has unless it asked for more.
MAX_TRIGGERS = 3
INVOCATIONS_A_MINUTE = 600
INVOCATIONS_AT_ONCE = 120
