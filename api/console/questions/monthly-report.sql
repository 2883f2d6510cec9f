-- name: A shop's month in numbers
-- description: For the invoice and the talk with the shop: one line of figures for a month (UTC).
-- shop: text = Confetti Shop, Shop's name
-- month: date = , Any day of the month; empty is this month
SELECT a.name AS shop,
       to_char(span.start, 'YYYY-MM') AS month,
       count(g.id) AS gifts,
       count(g.sent_at) AS sent,
       count(g.watched_at) AS watched,
       count(g.id) FILTER (WHERE g.status = 'bounced') AS bounced,
       count(g.id) FILTER (WHERE g.status = 'canceled') AS canceled,
       count(g.id) FILTER (WHERE g.status = 'failed') AS failed,
       (SELECT count(*) FROM api_render r JOIN api_gift rg ON rg.id = r.gift_id
        WHERE rg.account_id = a.id AND rg.livemode AND r.status = 'succeeded'
          AND r.id >= id_at(span.start) AND r.id < id_at(span.start + interval '1 month')) AS renders
FROM accounts_account a
CROSS JOIN (SELECT date_trunc('month', coalesce(:month::timestamptz, now())) AS start) span
LEFT JOIN api_gift g ON g.account_id = a.id AND g.livemode
    AND g.id >= id_at(span.start) AND g.id < id_at(span.start + interval '1 month')
WHERE a.name = :shop
GROUP BY a.id, a.name, span.start
