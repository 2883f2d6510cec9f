"""PostgreSQL with logins that change while we run. `base` is what Django loads."""
