"use client";

import { IconCornerDownRight } from "@tabler/icons-react";
import classes from "./suggestions.module.css";

interface SuggestionsProps {
  readonly label: string;
  readonly questions: readonly string[];
  readonly onChoose: (question: string) => void;
}

export function Suggestions({ label, questions, onChoose }: SuggestionsProps) {
  return (
    <section className={classes.suggestions} aria-label={label}>
      <p>{label}</p>
      <ul>
        {questions.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onChoose(question)}>
              <IconCornerDownRight size={15} stroke={1.7} aria-hidden />
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
