-- name: What became of our mails, day by day?
-- description: Live mails by day (UTC), kind and outcome.
-- days: number = 14, Days back
SELECT date(m.created_at) AS day,
       m.kind,
       count(*) AS mails,
       count(*) FILTER (WHERE m.status = 'delivered') AS delivered,
       count(*) FILTER (WHERE m.status = 'accepted') AS "no word yet",
       count(*) FILTER (WHERE m.status = 'bounced') AS bounced,
       count(*) FILTER (WHERE m.status = 'refused') AS refused,
       count(*) FILTER (WHERE m.status IN ('queued', 'sending', 'unknown')) AS "under way"
FROM api_message m
WHERE m.livemode AND m.id >= id_at(now() - :days * interval '1 day')
GROUP BY day, m.kind
ORDER BY day DESC, mails DESC
