-- name: Which templates are chosen most?
-- description: Live gifts of the last days by template, and how many of them a recipient has watched.
-- days: number = 30, Days back
SELECT t.name AS template,
       t.occasion,
       count(*) AS gifts,
       count(DISTINCT g.account_id) AS shops,
       count(*) FILTER (WHERE g.watched_at IS NOT NULL) AS watched
FROM api_gift g
JOIN api_template t ON t.id = g.template_id
WHERE g.livemode AND g.id >= id_at(now() - :days * interval '1 day')
GROUP BY t.id, t.name, t.occasion
ORDER BY gifts DESC
