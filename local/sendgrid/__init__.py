"""A stand-in for SendGrid on one machine: v3 Mail Send, a mailbox a person can read, and signed event webhooks."""
