"""How claimed jobs are run, whoever wakes up for them: claims are taken, kept alive, interrupted and given back."""
