/** Versions of the Collector, `0.149.0`; its beta modules differ in the minor part alone. */
export function versionAtLeast(version: string, minor: number): boolean {
  return Number(version.split('.')[1] ?? 0) >= minor;
}
