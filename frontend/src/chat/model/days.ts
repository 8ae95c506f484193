/** Sorts conversations by how long ago they were used, in days of the person's clock. */

export type Age = "today" | "yesterday" | "week" | "earlier";

const AGES: readonly Age[] = ["today", "yesterday", "week", "earlier"];

export function ageOf(timestamp: string, now: Date): Age {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const then = new Date(timestamp);
  if (then >= midnight) return "today";
  if (then >= daysBefore(midnight, 1)) return "yesterday";
  return then >= daysBefore(midnight, 7) ? "week" : "earlier";
}

export function byAge<T extends { readonly updatedAt: string }>(items: readonly T[], now: Date): readonly [Age, readonly T[]][] {
  return AGES.map((age): [Age, readonly T[]] => [age, items.filter((each) => ageOf(each.updatedAt, now) === age)]).filter(
    ([, found]) => found.length > 0,
  );
}

/** By the calendar: a day of 23 or 25 hours is one day. */
function daysBefore(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - days);
}
