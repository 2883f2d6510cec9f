-- name: Which shops have gone quiet?
-- description: Shops without a live gift for so many days, with their last one.
-- days: number = 30, Quiet for days
SELECT a.name AS shop, a.created_at AS "with us since", last.created_at AS "last gift", a.suspended_at
FROM accounts_account a
LEFT JOIN LATERAL (
    SELECT g.created_at FROM api_gift g WHERE g.account_id = a.id AND g.livemode ORDER BY g.id DESC LIMIT 1
) last ON true
WHERE last.created_at IS NULL OR last.created_at < now() - :days * interval '1 day'
ORDER BY last.created_at DESC NULLS LAST
