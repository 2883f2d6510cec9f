"""Everything that changes a gift: three doors (HTTP, jobs, vendors' callbacks) call the same functions."""

from api.gifts.services.answering import leave_thanks, record_progress
from api.gifts.services.editing import create_gift, delete_draft, update_gift
from api.gifts.services.ending import cancel_gift, delete_untouched_draft, erase_gift, expire_gift, forget_gift
from api.gifts.services.releasing import approve_gift, deliver_if_due, recompute_wall_time, set_order
from api.gifts.services.rendering import apply_film, apply_render_failure, render_again, submit_gift
from api.gifts.services.repairing import retry_step
from api.gifts.services.sending import apply_mail_events, apply_outcome, give_up_mail, resend_gift

__all__ = [
    "apply_film",
    "apply_mail_events",
    "apply_outcome",
    "apply_render_failure",
    "approve_gift",
    "cancel_gift",
    "create_gift",
    "delete_draft",
    "delete_untouched_draft",
    "deliver_if_due",
    "erase_gift",
    "expire_gift",
    "forget_gift",
    "give_up_mail",
    "leave_thanks",
    "recompute_wall_time",
    "record_progress",
    "render_again",
    "resend_gift",
    "retry_step",
    "set_order",
    "submit_gift",
    "update_gift",
]
