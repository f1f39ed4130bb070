/** How long to wait before a server that crashed is started again. */

const FIRST = 1_000; // milliseconds
const MOST = 5;
const WINDOW = 3 * 60_000; // milliseconds

export class Backoff {
  private crashes: number[] = [];

  /** Milliseconds until the next start: 1, 2, 4, 8 … s. None: 5 in 3 minutes are enough. */
  crashed(now: number): number | undefined {
    this.crashes = [...this.crashes.filter((at) => now - at < WINDOW), now];
    if (this.crashes.length > MOST) return undefined;
    return FIRST * 2 ** (this.crashes.length - 1);
  }

  /** The user has had a new start made. */
  forget(): void {
    this.crashes = [];
  }
}
