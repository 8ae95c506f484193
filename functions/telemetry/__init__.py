"""What an operator sees of a process: logs, metrics, traces, reported faults. Used by all, it uses nobody."""
