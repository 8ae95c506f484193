/** Whether the view keeps to the end of a conversation that grows. */

/** Within so many pixels of the end counts as being there. */
export const NEAR = 64;

export interface View {
  readonly top: number;
  readonly height: number;
  readonly content: number;
}

export function distanceFromEnd(view: View): number {
  return Math.max(0, view.content - view.top - view.height);
}

/**
 * After the view has moved. Scrolling up lets go at once, also by a little; reaching the end by scrolling down takes hold
 * again. A view that was only pushed up because the content shrank has not been scrolled.
 */
export function followsAfterScroll(follows: boolean, before: View, now: View): boolean {
  const isAtEnd = distanceFromEnd(now) <= NEAR;
  if (now.top < before.top && now.content >= before.content && now.height <= before.height) {
    return follows && distanceFromEnd(now) <= 1;
  }
  return isAtEnd || (follows && now.top >= before.top);
}
