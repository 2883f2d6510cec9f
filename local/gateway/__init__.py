"""API Gateway's HTTP API on this machine: routes, the authorizer with its cache, events, limits, error bodies."""
