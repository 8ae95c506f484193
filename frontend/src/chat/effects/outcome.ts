import { type Failure, failureOf } from "../model/failures";

/** What a request gave, or why it gave nothing. */
export type Outcome<T> = { readonly value: T; readonly failure: null } | { readonly value: null; readonly failure: Failure };

export interface Reply {
  readonly error: unknown;
  readonly status: number;
}

export function failed({ error, status }: Reply): Failure | null {
  return error === null ? null : failureOf(error, status);
}
