-- name: Which API keys has nobody used for a while?
-- description: Working keys, longest unused first. One that nobody needs is better revoked.
-- days: number = 90, Unused for days
SELECT k.id AS key, k.name, a.name AS shop, k.livemode, k.scopes, k.created_at, k.last_used_on, k.expires_at
FROM accounts_apikey k
JOIN accounts_account a ON a.id = k.account_id
WHERE k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > now())
  AND coalesce(k.last_used_on, date(k.created_at)) <= current_date - :days::int
ORDER BY coalesce(k.last_used_on, date(k.created_at))
