"""The console's two logins to the database, as whoever makes them sees them: the cluster's admin, or a laptop's.

They are nobody's member and own nothing; what they may read is granted by `api.console.grants`. The limits stand on the
role too, so that they hold for a connection that does not ask for them.
"""

PLAIN = "giftflick_console"
PII = "giftflick_console_pii"
ROLES = (PLAIN, PII)
# Room for three answers at a time, and for as many others to end them.
ATTRIBUTES = "LOGIN NOINHERIT CONNECTION LIMIT 8"
LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "6s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "10s",
    "idle_session_timeout": "30s",
    "client_connection_check_interval": "1s",
    "search_path": "public",
}
