const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3_600, "minute"],
  [86_400, "hour"],
  [604_800, "day"],
  [2_629_800, "week"],
  [31_557_600, "month"],
  [Infinity, "year"],
];
const LENGTHS: Record<string, number> = {
  second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800, month: 2_629_800, year: 31_557_600,
};
// Made when it is first needed: a browser takes long over it.
let format: Intl.RelativeTimeFormat | undefined;

/** How long ago something was, as people say it: now, 5 minutes ago, yesterday. */
export function ago(instant: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(instant)) / 1000);
  if (seconds < 45) return "now";
  const unit = STEPS.find(([limit]) => seconds < limit)?.[1] ?? "year";
  format ??= new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  return format.format(-Math.max(1, Math.floor(seconds / (LENGTHS[unit] ?? 1))), unit);
}

/** A length of time, short: 12 s, 3 min, 2 h, 5 d. */
export function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
