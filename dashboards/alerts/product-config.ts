/**
 * What a stack file says about product alerts: a number of the tables of a snapshot, by a query of
 * the user's own. The text becomes one scalar subquery of a rule, so it can be a SELECT and nothing
 * else; what could leave those parentheses is refused here.
 */
import { z } from 'zod';

const alertsMax = 50;
const queryCharsMax = 4_000;
const summaryCharsMax = 300;

const nameError = 'a name of lower case letters, digits and dashes, at most 25 characters';
const durationError = 'a duration of one unit such as 5m';
const duration = z.string({ error: durationError }).regex(/^\d{1,6}[smh]$/, {
  error: durationError,
});

const queryError = 'one SELECT without semicolon, comment and dollar sign, with `as_of` for now()';

/** What a text is without its literals and quoted names. */
function bare(query: string): string {
  return query.replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/gs, '_');
}

/** Never below its beginning, and at the end where it was: nothing leaves the subquery. */
function isBalanced(text: string): boolean {
  let depth = 0;
  for (const sign of text) {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

const clock = /\b(now|now64|nowInBlock|today|yesterday|current_timestamp|utc_?timestamp)\b/i;

function isQuery(query: string): boolean {
  const text = bare(query);
  if (!/^\s*(SELECT|WITH)\b/i.test(text) || query.includes('$')) return false;
  if (/;|--|#|\/\*|['"`{}]/.test(text) || clock.test(text)) return false;
  return isBalanced(text);
}

const summaryError = `one line, at most ${summaryCharsMax} signs, with {value}, {snapshot}`;
const summary = z
  .string({ error: summaryError })
  .min(1, { error: summaryError })
  .max(summaryCharsMax, { error: summaryError })
  .refine((text) => !/[$\n{}]/.test(text.replace(/\{(value|snapshot)\}/g, '')), {
    error: summaryError,
  });

const number = z.number({ error: 'a number' }).optional();

const productAlert = z
  .strictObject({
    name: z
      .string({ error: nameError })
      .regex(/^[a-z]([-a-z0-9]{0,23}[a-z0-9])?$/, { error: nameError })
      .meta({
        description: 'Name of the alert; its rules are `product-NAME` and `stale-NAME`',
        examples: ['no-sign-ups'],
      }),
    snapshot: z
      .string({ error: 'the name of a snapshot of this file' })
      .min(1, { error: 'the name of a snapshot of this file' })
      .meta({
        description: 'The snapshot whose tables the query reads; `as_of` is its point in time',
        examples: ['shop'],
      }),
    summary: summary.meta({
      description: 'The sentence of the message, with `{value}` and `{snapshot}`',
      examples: ['nobody signed up within an hour'],
    }),
    description: summary.optional().meta({
      description: 'What it says and what to do; absent: a text that leads to the stack file',
      examples: ['Try the sign-up page, then look at the errors of storefront.'],
    }),
    query: z
      .string({ error: queryError })
      .max(queryCharsMax, { error: queryError })
      .refine(isQuery, { error: queryError })
      .meta({
        description:
          'A SELECT of one number. `as_of` is when the newest good run of the snapshot began:' +
          ' what came later is not in its tables, so now() is refused',
        examples: ['SELECT count() FROM shop.customers WHERE created_at > as_of - INTERVAL 1 HOUR'],
      }),
    below: number.meta({ description: 'Fires while the number is smaller', examples: [1] }),
    above: number.meta({ description: 'Fires while the number is greater', examples: [100] }),
    for: duration.default('5m').meta({
      description: 'For how long that has to be so',
      examples: ['5m'],
    }),
    max_age: duration.default('3h').meta({
      description: 'How old the snapshot may be before `stale-NAME` fires',
      examples: ['3h'],
    }),
    severity: z
      .enum(['critical', 'warning'])
      .default('warning')
      .meta({ description: 'Severity of the alert', examples: ['warning'] }),
  })
  .refine(({ below, above }) => (below === undefined) !== (above === undefined), {
    error: 'either below or above',
  });

export const productOptions = z
  .array(productAlert, { error: 'a list of product alerts' })
  .max(alertsMax, { error: `at most ${alertsMax} product alerts` })
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
    error: 'a list in which each name stands once',
  })
  .default([])
  .meta({
    description: 'Alerts over the tables of a snapshot, beside the technical ones',
    examples: [
      [
        {
          name: 'no-sign-ups',
          snapshot: 'shop',
          summary: 'nobody signed up within an hour',
          query: 'SELECT count() FROM shop.customers WHERE created_at > as_of - INTERVAL 1 HOUR',
          below: 1,
        },
      ],
    ],
  });

export type ProductAlert = z.output<typeof productAlert>;
