/** Which versions the extension can work with. */

export type Version = readonly number[];

/** What the language server asks for. */
export const LEAST_PYTHON: Version = [3, 10];
/** What training asks for. */
export const RUNNER_PYTHON: Version = [3, 11];
/** Of `pitchpipe/supportedMethods`. */
export const LEAST_PROTOCOL = 1;

/** Negative where `a` is older; a missing number counts as 0. */
export function compare(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function atLeast(version: Version, least: Version): boolean {
  return compare(version, least) >= 0;
}

/** `3.11.7`. */
export function written(version: Version): string {
  return version.join(".");
}
