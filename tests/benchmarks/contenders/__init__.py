"""Queues that do the same no-op jobs, each with processes that use its public interface alone.

`put` makes the queue and enqueues as many jobs as it is told on standard input; `work` waits for a line and then works
until it is killed (`signals`). Other projects run in an environment of their own (`make bench-setup`), so their modules
import nothing but what they drive.
"""
