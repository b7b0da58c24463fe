/**
 * The wrapper that a setting names: `datadog`, `simple`, or the path of a module of the user's own
 * that exports `wrapper` (H28). A module is judged at start, with one series of each type, so that
 * what it cannot do is known then and not in the middle of the night.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Problem } from '../../core/problem.ts';
import type { ClosedValues, Place } from './aggregate/closed-series.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import type { WrapSettings } from './wrap/settings.ts';
import { simpleWrapper } from './wrap/simple.ts';
import { pointsOf, type Wrapper } from './wrap/wrapper.ts';

/** Throws a Problem (OBS-1003) that says what is wrong with the module. */
export async function loadWrapper(choice: string, settings: WrapSettings): Promise<Wrapper> {
  if (choice === 'datadog') return datadogWrapper(settings);
  if (choice === 'simple') return simpleWrapper;
  const path = resolve(choice);
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const why = Error.isError(cause) ? cause.message : String(cause);
    throw problem(path, `the module of the wrapper cannot be loaded: ${why}`, cause);
  }
  const { wrapper } = module;
  if (!isWrapper(wrapper)) {
    throw problem(path, 'it must export `wrapper`, with a `name` (a text) and `wrap` (a function)');
  }
  for (const values of samples) {
    const outcome = pointsOf(wrapper, { ...place, ...values });
    if (typeof outcome === 'string') {
      throw problem(path, `wrapper ${wrapper.name} fails for a ${values.type}: ${outcome}`);
    }
  }
  return wrapper;
}

function isWrapper(value: unknown): value is Wrapper {
  if (typeof value !== 'object' || value === null) return false;
  const { name, wrap } = value as Record<string, unknown>;
  return typeof name === 'string' && name !== '' && typeof wrap === 'function';
}

function problem(where: string, message: string, cause?: unknown): Problem {
  const next =
    'Correct the module, or name `datadog` or `simple`; docs/guide/dogstatsd.md has an example.';
  return new Problem('OBS-1003', message, { where, next, ...(cause !== undefined && { cause }) });
}

const place: Place = {
  name: 'sample.of.obsctl',
  attributes: [['route', '/']],
  resource: [['service.name', 'sample']],
  resourceKey: 'sample',
  startNs: 1_700_000_000_000_000_000n,
  windowSeconds: 10,
};

const summary = { count: 2, sum: 3, min: 1, max: 2 } as const;

const samples: readonly ClosedValues[] = [
  { type: 'count', sum: 3 },
  { type: 'gauge', last: 2, count: 2, mean: 1.5 },
  { type: 'set', distinct: 2, count: 3, members: Float64Array.of(1, 2) },
  { type: 'histogram', ...summary, quantile: () => 1 },
  { type: 'timer', ...summary, quantile: () => 1 },
  {
    type: 'distribution',
    ...summary,
    buckets: {
      scale: 0,
      zeroCount: 0,
      positive: { offset: -1, counts: [1, 1] },
      negative: { offset: 0, counts: [] },
    },
  },
];
