/** How long a person has to wait who asked too much. */

const UNIT_SECONDS = { s: 1, min: 60, h: 3600 } as const;
const AGAIN = /again in (\d{1,5}) (s|min|h)\b/;

/** Seconds left of the wait that an error message names, 0 if it is over or none is named. */
export function secondsLeft(message: string, saidAt: string, now: number): number {
  const found = AGAIN.exec(message);
  if (found === null) return 0;
  const unit = found[2] as keyof typeof UNIT_SECONDS;
  const until = (Date.parse(saidAt) || 0) + Number(found[1]) * UNIT_SECONDS[unit] * 1000;
  return Math.max(0, Math.ceil((until - now) / 1000));
}
