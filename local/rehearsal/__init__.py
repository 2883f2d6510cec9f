"""`make rehearse`: deploys from nothing to a local AWS and lives there for a while, as people would."""
