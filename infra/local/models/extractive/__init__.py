"""An honest answerer: it quotes the sentences of the given passages that answer a question, or says that none does."""
