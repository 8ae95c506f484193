"""What is done: `pipeline` thinks, `handlers` decide what happens to one job, `effects` touch the world."""
