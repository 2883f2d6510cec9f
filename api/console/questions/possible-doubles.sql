-- name: Who may have got a mail twice?
-- description: Mails that were sent again because the mail service never said what became of the first.
-- days: number = 30, Days back
SELECT m.id AS mail, m.gift_id AS gift, a.name AS shop, m.kind, m.status, m.attempts, m.created_at
FROM api_message m
JOIN accounts_account a ON a.id = m.account_id
WHERE m.is_possible_double AND m.id >= id_at(now() - :days * interval '1 day')
ORDER BY m.id DESC
LIMIT 200
