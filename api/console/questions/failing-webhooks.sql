-- name: Whose webhooks do not get through?
-- description: Endpoints that fail or are switched off, and what was tried in the last days.
-- days: number = 7, Days back
SELECT a.name AS shop,
       e.id AS endpoint,
       e.failing_since,
       e.disabled_at,
       e.disabled_reason,
       count(d.id) AS deliveries,
       count(d.id) FILTER (WHERE d.status = 'failed') AS failed,
       count(d.id) FILTER (WHERE d.status = 'pending') AS pending
FROM api_webhookendpoint e
JOIN accounts_account a ON a.id = e.account_id
LEFT JOIN api_webhookdelivery d ON d.endpoint_id = e.id AND d.created_at > now() - :days * interval '1 day'
WHERE e.failing_since IS NOT NULL OR e.disabled_at IS NOT NULL
GROUP BY a.name, e.id
ORDER BY e.failing_since NULLS LAST
