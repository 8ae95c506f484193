"""What happens to one claimed job: one handler per queue.

A handler gets a claim, does the work through its ports, and ends the job itself, in the transaction of its last effect.
It raises what `schema.errors` offers; anything else counts as a fault of ours, tried again.
"""
