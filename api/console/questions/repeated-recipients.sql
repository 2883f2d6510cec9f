-- name: Who has been given several gifts?
-- description: Addresses that got more than one gift from the same shop, most first.
-- personal: yes
-- days: number = 90, Days back
-- at_least: number = 2, Gifts at least
SELECT a.name AS shop,
       lower(g.recipient_email) AS recipient,
       count(*) AS gifts,
       count(DISTINCT lower(g.sender_email)) AS senders,
       min(g.sent_at) AS first,
       max(g.sent_at) AS last
FROM api_gift g
JOIN accounts_account a ON a.id = g.account_id
WHERE g.livemode AND g.recipient_email <> '' AND g.sent_at IS NOT NULL
  AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY a.name, lower(g.recipient_email)
HAVING count(*) >= :at_least
ORDER BY gifts DESC
LIMIT 200
