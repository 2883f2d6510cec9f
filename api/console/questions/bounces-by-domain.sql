-- name: Which mail providers send our mails back?
-- description: Bounce rate by the domain of the address; domains with few mails are left out.
-- personal: yes
-- days: number = 30, Days back
-- at_least: number = 1, Mails at least
SELECT lower(split_part(m.to_email, '@', 2)) AS domain,
       count(*) AS mails,
       count(*) FILTER (WHERE m.status = 'bounced') AS bounced,
       round(100.0 * count(*) FILTER (WHERE m.status = 'bounced') / count(*), 1) AS "bounced %"
FROM api_message m
WHERE m.livemode AND m.to_email <> '' AND m.status IN ('accepted', 'delivered', 'bounced')
  AND m.id >= id_at(now() - :days * interval '1 day')
GROUP BY domain
HAVING count(*) >= :at_least
ORDER BY bounced DESC, mails DESC
LIMIT 100
