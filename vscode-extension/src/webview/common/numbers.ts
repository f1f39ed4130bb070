/** Bytes, seconds and numbers as people read them, the same as the command line writes them. */

export const NOTHING = "–";

const SIZES = ["B", "kB", "MB", "GB", "TB"];

/** Bytes in decimal units: `512 B`, `1.9 GB`. */
export function size(bytes: number | null | undefined): string {
  if (bytes == null) return NOTHING;
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 ? value.toFixed(0) : significant(value, 3);
  return `${bytes < 0 ? "-" : ""}${text} ${SIZES[unit]}`;
}

/** `0.4 s`, `42 s`, `3 min 12 s`, `1 h 02 min`, `3 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return NOTHING;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 172800)
    return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/** For an axis: `0:42`, `3:12`, `1:02:00`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A measured value to four digits; very small and very large ones with an exponent. */
export function figure(value: number | null | undefined): string {
  if (value == null) return NOTHING;
  const much = Math.abs(value);
  if (much !== 0 && (much < 1e-3 || much >= 1e7)) {
    return value
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  return value.toLocaleString("en", { maximumSignificantDigits: much >= 1000 ? 5 : 4 });
}

/** A count with thousands apart. */
export function count(value: number | null | undefined): string {
  return value == null ? NOTHING : Math.round(value).toLocaleString("en");
}

/** A count in words of four characters: `950`, `1.24 M`, `7.6 B`. */
export function short(value: number | null | undefined): string {
  if (value == null) return NOTHING;
  for (const [unit, name] of [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= unit * 0.9995) return `${significant(value / unit, 3)} ${name}`;
  }
  return String(Math.round(value));
}

/** 0 to 1 as `0.4 %`, `62 %`. */
export function percent(share: number | null | undefined): string {
  if (share == null) return NOTHING;
  const value = share * 100;
  return `${value !== 0 && value < 9.95 ? significant(value, 2) : value.toFixed(0)} %`;
}

/** Where an axis from 0 to at least `most` ends, and its marks: steps of 1, 2 or 5 times a power of ten. */
export function axis(most: number, marks = 5): { end: number; ticks: number[] } {
  if (!(most > 0)) return { end: 1, ticks: [0, 1] };
  const rough = most / marks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
  const steps = Math.ceil(most / step - 1e-9);
  return { end: steps * step, ticks: Array.from({ length: steps + 1 }, (_, i) => i * step) };
}

function significant(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
