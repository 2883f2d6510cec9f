"""CloudFormation on this machine: stacks whose resources are made by calls to the other services of the same cloud."""
