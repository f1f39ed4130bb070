/** Seconds, bytes and counts as people read them; the server writes them alike. */

/** `vscode.l10n`, or what a test puts in its place. */
export interface Words {
  t(message: string, ...values: (string | number)[]): string;
}

/** `0.4 s`, `42 s`, `3 min 12 s`, `1 h 02 min`. */
export function seconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Bytes in decimal units: `512 B`, `1.92 GB`. */
export function size(bytes: number): string {
  let count = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (count < 999.5)
      return unit === "B" ? `${Math.round(count)} B` : `${digits(count, 3)} ${unit}`;
    count /= 1000;
  }
  return `${digits(count, 3)} TB`;
}

/** A count with its thousands apart, anything else to four digits. */
export function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  if (Math.abs(value) < 1e-3) return value.toExponential(1);
  return digits(value, 4);
}

/** A metric to three digits. */
export function metric(value: number): string {
  return Math.abs(value) >= 1000 || Math.abs(value) < 1e-3 ? number(value) : digits(value, 3);
}

function digits(value: number, count: number): string {
  return String(Number(value.toPrecision(count)));
}

/** A bar of `width` characters, `share` of it filled. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "━".repeat(filled) + "─".repeat(width - filled);
}

/** Text of others for a terminal, or one line of a menu: without what a terminal would obey. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is meant
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").replace(/\t/g, "    ");
}

/** Text of others inside Markdown. */
export function escaped(text: string): string {
  return plain(text)
    .replace(/[\\`*_{}[\]()#+\-.!|<>~$]/g, "\\$&")
    .replace(/\s+/g, " ");
}
