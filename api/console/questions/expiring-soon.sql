-- name: Which videos are gone in a few days?
-- description: Gifts whose film is removed soon and that nobody has watched yet.
-- days: number = 7, Within days
SELECT g.id AS gift, a.name AS shop, g.status, g.sent_at, g.expires_at
FROM api_gift g
JOIN accounts_account a ON a.id = g.account_id
WHERE g.status IN ('ready', 'scheduled', 'bounced', 'sent', 'watched')
  AND g.expires_at < now() + :days * interval '1 day'
  AND g.livemode AND g.watched_at IS NULL
ORDER BY g.expires_at
LIMIT 500
