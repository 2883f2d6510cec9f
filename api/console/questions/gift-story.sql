-- name: What happened to this gift?
-- description: Everything in order: its timeline, its renders, its mails and what the mail service said of them.
-- gift_id: uuid, Gift's id
SELECT at, what, detail
FROM (
    SELECT e.at, 'gift: ' || e.type AS what, '' AS detail FROM api_giftevent e WHERE e.gift_id = :gift_id
    UNION ALL
    SELECT r.created_at, 'render ' || r.attempt || ' asked for', r.id::text FROM api_render r WHERE r.gift_id = :gift_id
    UNION ALL
    SELECT r.finished_at, 'render ' || r.attempt || ' ' || r.status, r.provider_id
    FROM api_render r WHERE r.gift_id = :gift_id AND r.finished_at IS NOT NULL
    UNION ALL
    SELECT m.created_at, m.kind || ' mail written', m.id::text FROM api_message m WHERE m.gift_id = :gift_id
    UNION ALL
    SELECT v.at, m.kind || ' mail ' || v.type, m.provider_id
    FROM api_message m JOIN api_mailevent v ON v.message_id = m.id WHERE m.gift_id = :gift_id
    UNION ALL
    SELECT t.created_at, 'thanks', '' FROM api_thanks t WHERE t.gift_id = :gift_id
) story
ORDER BY at
