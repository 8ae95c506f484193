"""`rivulet eval`: how good retrieval and answers are, measured through the real pipeline."""
