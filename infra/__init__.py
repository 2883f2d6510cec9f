"""What deploys Giftflick: CloudFormation templates, and the commands that a developer or CI runs. Never in the function."""
