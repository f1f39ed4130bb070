/** Lines that scroll, and one below them that is drawn over: what a terminal shows of a run. */

/** Lines that are kept. */
export const MOST = 10_000;

export class Screen {
  private lines: string[] = [];
  private columns = 80;
  private foot = "";
  /** Characters of the line at the bottom as it stands in the terminal. */
  private drawn = 0;
  private open = false;

  /** `write` takes what a terminal is sent. */
  constructor(
    private readonly write: (text: string) => void,
    private readonly most = MOST,
  ) {}

  /** Draws what was printed before there was a terminal. */
  show(columns: number | undefined): void {
    this.open = true;
    this.columns = columns ?? this.columns;
    this.write(this.lines.map((line) => `${line}\r\n`).join("") + this.bottom());
  }

  /** Adds lines; `foot` takes the place of the line at the bottom, "" takes it away. */
  print(lines: readonly string[], foot = this.foot): void {
    if (lines.length === 0 && foot === this.foot) return;
    this.lines.push(...lines.slice(-this.most));
    if (this.lines.length > this.most) this.lines.splice(0, this.lines.length - this.most);
    const erased = this.erased();
    this.foot = foot;
    if (this.open) this.write(erased + lines.map((line) => `${line}\r\n`).join("") + this.bottom());
  }

  /** A terminal that became narrower has wrapped the line at the bottom. */
  resize(columns: number): void {
    const before = this.columns;
    this.columns = columns;
    if (!this.open || columns === before) return;
    this.write(this.erased() + this.bottom());
  }

  get kept(): readonly string[] {
    return this.lines;
  }

  private erased(): string {
    if (!this.open || this.drawn === 0) return "";
    const above = Math.ceil(this.drawn / this.columns) - 1;
    return `${above > 0 ? `\u001b[${above}A` : ""}\r\u001b[J`;
  }

  private bottom(): string {
    const characters = [...this.foot].slice(0, Math.max(0, this.columns - 1));
    this.drawn = characters.length;
    return characters.join("");
  }
}
