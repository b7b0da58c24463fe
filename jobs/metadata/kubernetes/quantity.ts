/**
 * Quantities as the API server gives them: `250m`, `1Gi`, `1e3`, `129e6`, `100k`. What is not one
 * counts as 0, because an object that somebody else wrote must not stop the watcher.
 *
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const units: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Whole bytes, rounded up as Kubernetes does. */
export function bytesOf(quantity: unknown): number {
  return Math.ceil(numberOf(quantity) - 1e-9);
}

/** Thousandths of a core, rounded up as Kubernetes does. */
export function millisOf(quantity: unknown): number {
  return Math.ceil(numberOf(quantity) * 1000 - 1e-6);
}

function numberOf(quantity: unknown): number {
  const match = /^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)([numkMGTPE]i?|)$/.exec(String(quantity ?? ''));
  const unit = units[match?.[2] ?? ''];
  if (match === null || unit === undefined) return 0;
  return Math.max(0, Number(match[1]) * unit);
}
