/** Versions of the Collector: `0.149.0`, `v0.149.0` or `0.149`; the minor number is what counts. */
import { Problem } from '../core/problem.ts';

/** The version whose names the typed configuration uses. */
export const newestVersion = '0.161.0';
/** Modules with a stable version have the minor number of the others less this. */
const stableModuleOffset = 94;

/** The minor number: 149 of `0.149.0`. */
export function minorOf(version: string): number {
  const found = /^v?0\.(\d{1,4})(?:\.\d{1,4})?$/.exec(version);
  if (found === null) {
    throw new Problem('OBS-1106', `“${version}” is not a version of the Collector`);
  }
  return Number(found[1]);
}

/** `v0.149.0` of `0.149`. */
function moduleVersion(version: string): string {
  minorOf(version);
  const text = version.replace(/^v/, '');
  return `v${/^0\.\d+$/.test(text) ? `${text}.0` : text}`;
}

/** The version of the stable modules (providers) that belongs to it: `v1.55.0` of `0.149.0`. */
export function stableModuleVersion(version: string): string {
  const patch = moduleVersion(version).split('.')[2] ?? '0';
  return `v1.${minorOf(version) - stableModuleOffset}.${patch}`;
}
