"""AWS on one machine as a deploy needs it: moto, with the stacks, functions, databases and edge that it lacks."""
