"""When it is done: a doorbell says look, a claim takes work, a lease keeps it, a lifecycle ends it in order."""
