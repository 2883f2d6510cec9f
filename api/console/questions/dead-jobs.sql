-- name: What has the system given up on?
-- description: Dead jobs by kind; Jobs has them one by one, with a button to try again.
SELECT j.kind, count(*) AS dead, max(j.attempts) AS attempts, min(j.created_at) AS oldest, max(j.finished_at) AS newest
FROM outbox j
WHERE j.state = 'dead'
GROUP BY j.kind
ORDER BY dead DESC
