"use client";

import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import type { Overview, Series, Trace } from "./model";

const OVERVIEW = ["ops", "overview"] as const;
const LOOK_MS = 2_000;
const SERIES_MS = 10_000;

export function useOverview() {
  return useQuery({
    queryKey: OVERVIEW,
    refetchInterval: LOOK_MS,
    queryFn: async () => (await (await browserClient()).rpc("ops_overview").throwOnError()).data as unknown as Overview,
  });
}

export function useSeries() {
  return useQuery({
    queryKey: ["ops", "series"],
    refetchInterval: SERIES_MS,
    queryFn: async () => (await (await browserClient()).rpc("ops_series").throwOnError()).data as unknown as Series,
  });
}

/** Everything on the way of a trace, document, question or answer; looked at again while it is shown. */
export function useTrace(id: string) {
  return useQuery({
    queryKey: ["ops", "trace", id],
    enabled: id !== "",
    refetchInterval: LOOK_MS,
    queryFn: async () => (await (await browserClient()).rpc("ops_trace", { p_id: id }).throwOnError()).data as unknown as Trace,
  });
}

/** What an operator does to jobs; each says how it went. */
export function useMending() {
  const cache = useQueryClient();
  const tell = async (error: { code: string; message: string } | null, message: string) => {
    notifications.show(error ? { color: "red", message: explainFault(error) } : { message });
    await cache.invalidateQueries({ queryKey: OVERVIEW });
  };
  return {
    redrive: async (queue: string, subject?: string) => {
      const { data, error } = await (await browserClient()).rpc("ops_redrive", { p_queue: queue, p_subject: subject });
      await tell(error, text.ops.redriven(data ?? 0));
    },
    cancel: async (job: number) => {
      const { data, error } = await (await browserClient()).rpc("ops_cancel", { p_job: job });
      await tell(error, text.ops.cancelled((data as { jobs?: number } | null)?.jobs ?? 0));
    },
  };
}
