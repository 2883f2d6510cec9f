-- name: Which gift belongs to this order?
-- description: By the reference that the shop gave it, in any shop, live or test.
-- reference: text, Order reference
SELECT g.id AS gift, a.name AS shop, g.livemode, g.status, g.order_reference, g.order_status, g.created_at, g.sent_at
FROM accounts_account a
CROSS JOIN (VALUES (true), (false)) mode (livemode)
JOIN api_gift g ON g.account_id = a.id AND g.livemode = mode.livemode AND g.order_reference = :reference
ORDER BY g.id DESC
LIMIT 100
