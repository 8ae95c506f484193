/** Gathers changes and applies them once per animation frame: fifty pieces a second cost no more than what is painted. */

export type Change<T> = (value: T) => T;

const HIDDEN_MS = 250; // a hidden tab has no frames

export class Frames<T> {
  private changes: Change<T>[] = [];
  private isDue = false;

  constructor(
    private readonly apply: (change: Change<T>) => void,
    private readonly nextFrame: (then: () => void) => void = inTime,
  ) {}

  /** With the next frame. */
  add(change: Change<T>): void {
    this.changes.push(change);
    if (this.isDue) return;
    this.isDue = true;
    this.nextFrame(() => this.flush());
  }

  /** All that was gathered, now. */
  flush(): void {
    this.isDue = false;
    const changes = this.changes;
    this.changes = [];
    if (changes.length > 0) this.apply((value) => changes.reduce((before, change) => change(before), value));
  }
}

function inTime(then: () => void): void {
  if (document.visibilityState === "hidden") setTimeout(then, HIDDEN_MS);
  else requestAnimationFrame(then);
}
