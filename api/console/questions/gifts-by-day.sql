-- name: How many gifts were made each day, and where are they now?
-- description: One line a day (UTC), newest first.
-- days: number = 30, Days back
SELECT date(g.created_at) AS day,
       count(*) AS gifts,
       count(*) FILTER (WHERE g.status = 'draft') AS draft,
       count(*) FILTER (WHERE g.status = 'rendering') AS rendering,
       count(*) FILTER (WHERE g.status = 'ready') AS waiting,
       count(*) FILTER (WHERE g.status = 'scheduled') AS scheduled,
       count(*) FILTER (WHERE g.status IN ('sent', 'watched')) AS sent,
       count(*) FILTER (WHERE g.status = 'bounced') AS bounced,
       count(*) FILTER (WHERE g.status = 'failed') AS failed,
       count(*) FILTER (WHERE g.status IN ('expired', 'canceled')) AS over
FROM api_gift g
WHERE g.livemode AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY day
ORDER BY day DESC
