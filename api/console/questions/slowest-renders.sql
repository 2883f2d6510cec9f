-- name: Which renders took longest?
-- description: From handing a render over to having its film, the fifty slowest.
-- days: number = 7, Days back
SELECT r.id AS render,
       r.gift_id AS gift,
       r.status,
       round(extract(epoch FROM r.finished_at - r.submitted_at), 1) AS "took s",
       round(extract(epoch FROM r.submitted_at - r.created_at), 1) AS "waited s",
       round(r.duration_s::numeric, 1) AS "film s",
       r.created_at
FROM api_render r
WHERE r.finished_at IS NOT NULL AND r.submitted_at IS NOT NULL AND r.id >= id_at(now() - :days * interval '1 day')
ORDER BY r.finished_at - r.submitted_at DESC
LIMIT 50
