-- name: How long from the first click to the mail?
-- description: Gifts that were sent, by shop: the average and the middle of the time from making to sending.
-- days: number = 30, Days back
SELECT a.name AS shop,
       count(*) AS sent,
       date_trunc('second', avg(g.sent_at - g.created_at)) AS average,
       date_trunc('second', percentile_cont(0.5) WITHIN GROUP (ORDER BY g.sent_at - g.created_at)) AS middle,
       date_trunc('second', avg(g.rendered_at - g.submitted_at)) AS "of it rendering"
FROM api_gift g
JOIN accounts_account a ON a.id = g.account_id
WHERE g.livemode AND g.sent_at IS NOT NULL AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY a.id, a.name
ORDER BY sent DESC
