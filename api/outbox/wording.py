"""What each kind of job does, in plain words. One that a later version dropped goes by its name."""

KINDS = {
    "render.submit": "hand the video to the renderer",
    "render.check": "look at what the renderer reported",
    "render.poll": "look whether the video is there",
    "film.delete": "remove the video",
    "upload.delete": "remove an uploaded file",
    "gift.forget_items": "erase what batches said of a gift",
    "campaign.forget_row": "erase what a campaign's files said of a gift",
    "mail.send": "send a mail",
    "mail.events": "apply what SendGrid reported",
    "webhook.deliver": "tell the shop's system",
    "batch.run": "work a batch off",
    "sheet.read": "read an uploaded file",
    "sheet.check": "check an uploaded file",
    "export.write": "write a file to download",
    "keys.project": "copy a shop's keys to where calls are let in",
    "keys.sync": "compare the keys with where calls are let in",
    "figures.count": "count the figures of the first page",
}


def job_words(kind: str) -> str:
    return KINDS.get(kind, kind)
