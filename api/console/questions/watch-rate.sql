-- name: Which template's films are watched?
-- description: Of the gifts that were sent, how many were opened, and how far the film was watched on average.
-- days: number = 60, Days back
SELECT t.name AS template,
       count(*) AS sent,
       count(g.watched_at) AS watched,
       round(100.0 * count(g.watched_at) / count(*), 1) AS "watched %",
       round(avg(g.watched_percent) FILTER (WHERE g.watched_at IS NOT NULL), 1) AS "of the film %"
FROM api_gift g
JOIN api_template t ON t.id = g.template_id
WHERE g.livemode AND g.sent_at IS NOT NULL AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY t.id, t.name
ORDER BY "watched %" DESC NULLS LAST
