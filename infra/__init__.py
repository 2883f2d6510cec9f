"""What deploys Giftflick: CloudFormation templates, and the commands of a developer or CI. Never in the function."""
