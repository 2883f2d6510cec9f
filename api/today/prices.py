"""What a gift costs us besides what stands still, in US dollars: `docs/cost.md` says where each price is from.

List prices, before tax; a test compares them with that page.
"""

RENDERED_MINUTE = 0.20  # Shotstack by subscription; a test key's gifts render in its sandbox for nothing
MAIL = 19.95 / 50_000  # SendGrid, Essentials 50,000; a test key's mails are never sent
STORED_GB_MONTH = 0.025  # S3 in Sydney

GB = 1_000_000_000
