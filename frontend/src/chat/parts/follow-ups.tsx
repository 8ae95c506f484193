"use client";

import { useQuery } from "@tanstack/react-query";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { followUps } from "../model/suggest";
import { useLive } from "./screen-context";
import { Suggestions } from "./suggestions";

const words = text.chat.followUps;

/** Questions that the cited documents could answer next. */
export function FollowUps({ answer }: { answer: string }) {
  const live = useLive();
  const { data } = useQuery({
    queryKey: ["follow-ups", answer],
    queryFn: async () => (await (await browserClient()).rpc("follow_ups", { p_message: answer }).throwOnError()).data,
    staleTime: Infinity,
    retry: false,
  });
  const questions = followUps(data ?? [], words);
  if (questions.length === 0) return null;
  return <Suggestions label={words.label} questions={questions} onChoose={(question) => void live.ask(question)} />;
}
