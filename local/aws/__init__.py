"""AWS on one machine: moto, with the checks and the memory that it lacks."""
