"""A stage's parameters in SSM, as people choose them and the stacks make them."""

ACCOUNT = "123456789012"
REGION = "ap-southeast-2"


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


INPUTS = {
    "alias-domain": "gifts.example.com",
    "base-url": "-",
    "mail-from": "Giftflick <gifts@example.com>",
    "reserved-concurrency": "10",
    "renderer-url": "https://api.shotstack.io",
    "sendgrid-url": "https://api.sendgrid.com",
    "secrets-extension": "-",
}
OUTPUTS = {
    "PrivateSubnetIds": "subnet-0a,subnet-0b",
    "FunctionSecurityGroupId": "sg-0f",
    "MediaBucket": "media-bucket",
    "CodeBucket": "code-bucket",
    "KeyTable": "giftflick-keys",
    "AppSecret": arn("secretsmanager", "secret:giftflick/staging/app"),
    "DatabaseSecret": arn("secretsmanager", "secret:giftflick/staging/database"),
    "ConsoleSecret": arn("secretsmanager", "secret:giftflick/staging/console"),
    "RendererUser": "giftflick-staging-renderer",
    "RendererSecret": arn("secretsmanager", "secret:giftflick/staging/renderer"),
    "FunctionRole": f"arn:aws:iam::{ACCOUNT}:role/giftflick-function",
}
