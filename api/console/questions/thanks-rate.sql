-- name: How many recipients say thanks?
-- description: Of the gifts that were watched, by shop.
-- days: number = 60, Days back
SELECT a.name AS shop,
       count(*) AS watched,
       count(t.gift_id) AS thanked,
       round(100.0 * count(t.gift_id) / count(*), 1) AS "thanked %"
FROM api_gift g
JOIN accounts_account a ON a.id = g.account_id
LEFT JOIN (SELECT DISTINCT gift_id FROM api_thanks) t ON t.gift_id = g.id
WHERE g.livemode AND g.watched_at IS NOT NULL AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY a.id, a.name
ORDER BY watched DESC
