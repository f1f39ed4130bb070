/** Does something whenever asked: once at a time, and once more if it was asked for meanwhile. */
export class Latest {
  private busy = false;
  private again = false;

  /** `task` does not throw. */
  constructor(private readonly task: () => Promise<void>) {}

  ask(): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    void this.run();
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      await this.task();
    } while (this.again);
    this.busy = false;
  }
}
