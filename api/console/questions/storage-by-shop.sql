-- name: Whose files take how much room?
-- description: Uploads and films that are still kept; both go after 90 days.
SELECT a.name AS shop,
       coalesce(u.files, 0) AS uploads,
       pg_size_pretty(coalesce(u.bytes, 0)) AS "uploads' size",
       coalesce(f.files, 0) AS films,
       pg_size_pretty(coalesce(f.bytes, 0)) AS "films' size",
       pg_size_pretty(coalesce(u.bytes, 0) + coalesce(f.bytes, 0)) AS together
FROM accounts_account a
LEFT JOIN (
    SELECT account_id, count(*) AS files, sum(size) AS bytes
    FROM api_upload
    WHERE status = 'ready' AND removed_at IS NULL AND id >= id_at(now() - interval '100 days')
    GROUP BY account_id
) u ON u.account_id = a.id
LEFT JOIN (
    SELECT g.account_id, count(*) AS files, sum(r.size_bytes) AS bytes
    FROM api_render r
    JOIN api_gift g ON g.film_id = r.id
    WHERE g.status IN ('ready', 'scheduled', 'sent', 'watched', 'bounced') AND r.id >= id_at(now() - interval '100 days')
    GROUP BY g.account_id
) f ON f.account_id = a.id
ORDER BY coalesce(u.bytes, 0) + coalesce(f.bytes, 0) DESC
LIMIT 200
