"""The same events through listeners and through serverless functions leave identical rows."""
