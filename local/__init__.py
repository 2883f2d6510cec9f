"""Everything that stands in for AWS and the vendors on one machine; never part of what is deployed."""
