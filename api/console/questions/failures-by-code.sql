-- name: Why do renders fail?
-- description: Failed renders of the last days by their code; the gift's page has the words.
-- days: number = 14, Days back
SELECT f.code, count(*) AS renders, count(DISTINCT f.gift_id) AS gifts, max(f.created_at) AS last
FROM failures f
WHERE f.kind = 'render' AND f.id >= id_at(now() - :days * interval '1 day')
GROUP BY f.code
ORDER BY renders DESC
