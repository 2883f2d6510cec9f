-- name: Which gifts have waited for payment for days?
-- description: Their video is ready, their order is not paid. Oldest first; perhaps the shop forgot to tell us.
-- days: number = 3, Waiting for at least so many days
SELECT g.id AS gift, a.name AS shop, g.order_reference, g.rendered_at, now() - g.rendered_at AS waiting, g.expires_at
FROM accounts_account a
JOIN api_gift g ON g.account_id = a.id AND g.livemode AND g.status = 'ready'
WHERE g.order_required AND g.order_status = 'pending' AND g.rendered_at < now() - :days * interval '1 day'
ORDER BY g.rendered_at
LIMIT 500
