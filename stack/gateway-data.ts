/** `gateway.sampling` and `gateway.redaction`: what is stored of what comes in. */
import { z } from 'zod';
import { choice, count, flag, objectName, secretKey, text } from './kit.ts';

const itemsPerSecondMax = 100_000_000;
const rulesMax = 100;
const keysMax = 100;
const tenantsMax = 1024;
const patternCharsMax = 1000;
const replacementCharsMax = 100;

function throttle(items: string, errors: string) {
  return z
    .strictObject({
      items_per_second: count(
        {
          description: `How many ${items} a second become rows, for each tenant (a count)`,
          examples: [10_000],
        },
        { min: 1, max: itemsPerSecondMax },
      ),
      keep_errors: flag({
        description: `Whether ${errors} are kept in any case; their traces are then in part`,
        examples: [true],
      }).default(false),
    })
    .meta({
      description: `Up to how many ${items} are kept; the others count by the weight of these`,
      examples: [{ items_per_second: 10_000 }],
    });
}

function throttles() {
  return {
    traces: throttle('spans', 'spans of status Error').optional(),
    logs: throttle('log records', 'records of severity ERROR and above').optional(),
  };
}

/** What becomes rows when more comes than is wanted. */
export const sampling = z
  .strictObject({
    ...throttles(),
    tenants: z
      .record(z.string().min(1).max(63), z.strictObject(throttles()))
      .refine((value) => Object.keys(value).length <= tenantsMax, {
        error: `at most ${tenantsMax} tenants`,
      })
      .meta({
        description: 'The same by name of a tenant; what is absent is as for everybody',
        examples: [{ shop: { logs: { items_per_second: 500 } } }],
      })
      .optional(),
  })
  .meta({
    description:
      'How many spans and log records become rows; rates are counted before. Metrics are never' +
      ' sampled. Only flavor `obsctl`',
    examples: [{ traces: { items_per_second: 10_000, keep_errors: true } }],
  });

const rule = z
  .strictObject({
    action: choice(['hash', 'drop', 'mask'], {
      description:
        '`hash`: values become hashes, equal ones equal hashes; `drop`: key and value go;' +
        ' `mask`: text is replaced',
      examples: ['hash'],
    }),
    signals: z
      .array(choice(['traces', 'metrics', 'logs'], { description: 'A signal', examples: ['logs'] }))
      .min(1)
      .meta({ description: 'Of which signals; absent: all', examples: [['logs']] })
      .optional(),
    attributes: z
      .array(text({ description: 'A key; `*` is any text', examples: ['user.*'] }, 256))
      .min(1)
      .max(keysMax)
      .meta({
        description:
          'Keys of attributes, of resources, scopes, spans, events, links, points and records;' +
          ' `*` stands for any text',
        examples: [['user.email', 'http.request.header.*']],
      })
      .optional(),
    bodies: flag({
      description: 'Whether bodies of log records are meant, too',
      examples: [true],
    }).default(false),
    pattern: text(
      {
        description:
          'Of `mask`: a regular expression for what is replaced, the longest match; absent: the' +
          ' whole value. Without look-around, back references and lazy repetition',
        examples: ['\\b\\d{13,16}\\b'],
      },
      patternCharsMax,
    ).optional(),
    replacement: text(
      { description: 'Of `mask`: by what; absent: `****`', examples: ['[card]'] },
      replacementCharsMax,
    ).optional(),
  })
  .meta({
    description: 'One rule; of several for a key `drop` goes before `hash`, and that before `mask`',
    examples: [{ action: 'hash', attributes: ['user.email'] }],
  });

/** What is taken out of requests before they are logged. */
export const redaction = z
  .strictObject({
    key: z
      .strictObject({
        secret: objectName({
          description: 'Secret in the namespace of the gateway',
          examples: ['redaction'],
        }),
        key: secretKey({ description: 'Key in it', examples: ['key'] }).default('key'),
      })
      .meta({
        description: 'Key under which values are hashed, at least 16 bytes; for rules that hash',
        examples: [{ secret: 'redaction', key: 'key' }],
      })
      .optional(),
    rules: z
      .array(rule)
      .max(rulesMax)
      .meta({
        description: 'What is hashed, dropped or masked',
        examples: [[{ action: 'hash', attributes: ['user.email'] }]],
      }),
  })
  .meta({
    description:
      'What is taken out of requests before they are logged and stored. Only flavor `obsctl`',
    examples: [{ rules: [{ action: 'drop', attributes: ['http.request.header.authorization'] }] }],
  });
