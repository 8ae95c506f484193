"""What writing an answer takes, beside the handler `respond`: its draft, and what else the model is asked."""
