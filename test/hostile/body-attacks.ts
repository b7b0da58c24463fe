/** Attacks by what a body holds: huge, deep, lying and broken ones (F25 to F28). */

import { goldenBody } from '../bad-input/golden.ts';
import {
  deepAttribute,
  deepGroups,
  emptySpans,
  jsonDeep,
  jsonNumbers,
  longName,
  lyingLengths,
  manyAttributes,
  tinySpans,
} from '../bad-input/hostile.ts';
import { mutate } from '../bad-input/mutate.ts';
import { seededRandom } from '../support/random.ts';
import type { Attack } from './attack.ts';
import { exchange, httpOutcome, httpRequest } from './sockets.ts';

const random = seededRandom(20_261_121);

type Body = {
  readonly id: string;
  readonly fault: Attack['fault'];
  readonly subject: string;
  readonly perSecond: number;
  readonly path: string;
  readonly make: (index: number) => Uint8Array;
  readonly allowed: RegExp;
  readonly isJson?: boolean;
};

/** Made once: making them is not what is measured. */
function same(make: () => Uint8Array): () => Uint8Array {
  let made: Uint8Array | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const lies = lyingLengths(2n ** 31n);
const answered = /^http (200|400|413|503)$/;
const refused = /^http (400|413|503)$/;

const bodies: readonly Body[] = [
  {
    id: 'huge-map',
    fault: 'F25',
    subject: 'a span of 100 000 attributes',
    perSecond: 2,
    path: '/v1/traces',
    make: same(() => manyAttributes(100_000)),
    allowed: answered,
  },
  {
    id: 'long-text',
    fault: 'F25',
    subject: 'a name of 16 MB',
    perSecond: 1,
    path: '/v1/traces',
    make: same(() => longName(16_000_000)),
    allowed: answered,
  },
  {
    id: 'tiny-spans',
    fault: 'F25',
    subject: '50 000 spans as small as can be',
    perSecond: 1,
    path: '/v1/traces',
    make: same(() => tinySpans(50_000)),
    allowed: answered,
  },
  {
    id: 'rejected-spans',
    fault: 'F25',
    subject: '100 000 spans that can never be stored',
    perSecond: 2,
    path: '/v1/traces',
    make: same(() => emptySpans(100_000)),
    allowed: answered,
  },
  {
    id: 'json-numbers',
    fault: 'F25',
    subject: 'a million numbers of two bytes that become nine',
    perSecond: 1,
    path: '/v1/metrics',
    make: same(() => jsonNumbers(1_000_000)),
    allowed: answered,
    isJson: true,
  },
  {
    id: 'lying-lengths',
    fault: 'F25',
    subject: 'lengths of 2 GiB',
    perSecond: 100,
    path: '/v1/traces',
    make: (index) => lies[index % lies.length] ?? new Uint8Array(),
    allowed: refused,
  },
  {
    id: 'deep-values',
    fault: 'F26',
    subject: 'values 10 000 deep',
    perSecond: 10,
    path: '/v1/traces',
    make: same(() => deepAttribute(10_000, 'map')),
    allowed: refused,
  },
  {
    id: 'deep-groups',
    fault: 'F26',
    subject: 'groups 10 000 deep',
    perSecond: 10,
    path: '/v1/traces',
    make: same(() => deepGroups(10_000)),
    allowed: refused,
  },
  {
    id: 'deep-json',
    fault: 'F26',
    subject: 'JSON 100 000 deep',
    perSecond: 10,
    path: '/v1/logs',
    make: same(() => jsonDeep(100_000, '[', ']')),
    allowed: refused,
    isJson: true,
  },
  {
    id: 'invalid-utf-8',
    fault: 'F27',
    subject: 'a megabyte that is no UTF-8',
    perSecond: 2,
    path: '/v1/traces',
    make: same(() => withBytes(longName(1_000_000), 0xff)),
    allowed: answered,
  },
  {
    id: 'mutated',
    fault: 'F28',
    subject: 'whole requests with random damage',
    perSecond: 100,
    path: '/v1/traces',
    make: (index) => mutate(goldenBody('traces', index), random),
    allowed: answered,
  },
];

function withBytes(body: Uint8Array, byte: number): Uint8Array {
  return body.map((one) => (one === 0x78 ? byte : one));
}

export const bodyAttacks: readonly Attack[] = bodies.map(
  ({ id, fault, subject, perSecond, path, make, allowed, isJson }) => ({
    id,
    fault,
    subject,
    perSecond,
    parallelMax: 20,
    attempt: ({ httpPort }, index, end) =>
      exchange({
        port: httpPort,
        bytes: httpRequest(
          path,
          make(index),
          isJson === true ? ['Content-Type: application/json'] : [],
        ),
        end,
        outcomeOf: httpOutcome,
      }),
    allowed,
  }),
);
