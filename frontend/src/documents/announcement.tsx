"use client";

import { VisuallyHidden } from "@mantine/core";
import { useRef, useState } from "react";
import { text } from "@/text/en";
import type { Document } from "./document";

/** What a screen reader is told: ends alone, not each step on the way. */
export function useAnnouncement() {
  const [message, setMessage] = useState("");
  const known = useRef(new Map<string, Document["status"]>());
  const hear = ({ id, title, status }: Document) => {
    const before = known.current.get(id);
    known.current.set(id, status);
    if (before !== status && (status === "ready" || status === "failed")) setMessage(text.documents.became[status](title));
  };
  return { message, hear };
}

export function Announcement({ message }: { message: string }) {
  return <VisuallyHidden role="status">{message}</VisuallyHidden>;
}
