/**
 * Quantities in the form in which the API server gives them back (`1024Mi` comes back as `1Gi`), so
 * that applying the same file twice shows no difference.
 */
import { Problem } from '../core/problem.ts';

const binaryUnits: readonly (readonly [string, number])[] = [
  ['Ei', 1024 ** 6],
  ['Pi', 1024 ** 5],
  ['Ti', 1024 ** 4],
  ['Gi', 1024 ** 3],
  ['Mi', 1024 ** 2],
  ['Ki', 1024],
];

const decimalUnits: readonly (readonly [string, number])[] = [
  ['E', 1e18],
  ['P', 1e15],
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
];

/** CPU: `0.5` and `500m` are `500m`; `1000m` is `1`. */
export function cpuQuantity(text: string): string {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  if (match === null) throw notAQuantity(text, '500m or 2');
  const milli = Math.ceil(Number(match[1]) * (match[2] === 'm' ? 1 : 1000) - 1e-9);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Memory and disk: `1024Mi` is `1Gi`, `1.5Gi` is `1536Mi`, `1000M` is `1G`. */
export function bytesQuantity(text: string): string {
  const binary = /[KMGTPE]i$/.test(text);
  const units = binary ? binaryUnits : decimalUnits;
  const bytes = quantityBytes(text);
  for (const [suffix, size] of units) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${suffix}`;
  }
  return String(bytes);
}

/** `512Mi` as a number of bytes. */
export function quantityBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]i|[kMGTPE])?$/.exec(text);
  if (match === null) throw notAQuantity(text, '512Mi or 10Gi');
  const unit = [...binaryUnits, ...decimalUnits].find(([suffix]) => suffix === match[2]);
  return Math.ceil(Number(match[1]) * (unit?.[1] ?? 1));
}

function notAQuantity(text: string, example: string): Problem {
  return new Problem('OBS-1301', `“${text}” is not a Kubernetes quantity such as ${example}`);
}
