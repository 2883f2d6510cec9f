-- name: How many gifts did each shop make?
-- description: Live gifts of the last days by shop, and what became of them.
-- days: number = 30, Days back
SELECT a.name AS shop,
       count(*) AS gifts,
       count(*) FILTER (WHERE g.sent_at IS NOT NULL) AS sent,
       count(*) FILTER (WHERE g.watched_at IS NOT NULL) AS watched,
       count(*) FILTER (WHERE g.status = 'failed') AS failed,
       count(*) FILTER (WHERE g.status = 'canceled') AS canceled
FROM api_gift g
JOIN accounts_account a ON a.id = g.account_id
WHERE g.livemode AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY a.name
ORDER BY gifts DESC
