-- name: Is the renderer getting slower?
-- description: Renders by day (UTC): how many, how many failed, and how long half and 95 of 100 of them took.
-- days: number = 14, Days back
SELECT date(r.created_at) AS day,
       count(*) AS renders,
       count(*) FILTER (WHERE r.status = 'failed') AS failed,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.finished_at - r.submitted_at)))::numeric, 1)
           AS "half within s",
       round((percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM r.finished_at - r.submitted_at)))::numeric, 1)
           AS "95 % within s"
FROM api_render r
WHERE r.id >= id_at(now() - :days * interval '1 day')
GROUP BY day
ORDER BY day DESC
