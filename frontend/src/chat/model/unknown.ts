/** Reads what comes from outside: nothing is believed before it was looked at. */

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function integer(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function oneOf<T extends string>(value: unknown, known: readonly T[]): T | null {
  return known.find((each) => each === value) ?? null;
}

/** The members that are numbers: `timings` and `usage` of a message. */
export function numbers(value: unknown): Readonly<Record<string, number>> {
  const entries = Object.entries(fields(value) ?? {}).filter((entry): entry is [string, number] => number(entry[1]) !== null);
  return Object.fromEntries(entries);
}

/** What `read` makes of each, without what it refused. */
export function each<T>(value: unknown, read: (item: unknown) => T | null): readonly T[] {
  return list(value).flatMap((item) => read(item) ?? []);
}
