import { notifications } from "@mantine/notifications";
import { text } from "@/text/en";
import type { Failure } from "../model/failures";

const words = text.chat.failure;

/** What happened, in words for the person whom it happened to. */
export function failureText(failure: Failure): string {
  return failure.kind === "refused" ? words.refused(failure.message) : words[failure.kind];
}

/** Say that something did not work; nothing if it did. Whether it worked. */
export function tellFailure(failure: Failure | null): boolean {
  if (failure === null) return true;
  // What is mended by itself for a question is not for a press of a button.
  const message = failure.kind === "offline" ? text.errors.network : failureText(failure);
  notifications.show({ color: "red", message });
  return false;
}
