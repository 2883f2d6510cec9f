-- name: At what hour are gifts watched?
-- description: By the hour of the day, in a time zone of your choice.
-- days: number = 60, Days back
-- timezone: text = Australia/Sydney, Time zone
SELECT extract(hour FROM g.watched_at AT TIME ZONE :timezone)::int AS hour,
       count(*) AS watched,
       repeat('▇', (40.0 * count(*) / max(count(*)) OVER ())::int) AS share
FROM api_gift g
WHERE g.livemode AND g.watched_at IS NOT NULL AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY hour
ORDER BY hour
