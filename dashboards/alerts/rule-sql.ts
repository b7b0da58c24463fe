/**
 * SQL of a rule as a type of its own. A rule runs in Grafana's server and in `obsctl watch`: there
 * are no template variables and no macros of the browser there, so this text cannot hold any. What
 * goes into {@link ruleSql} is a number, a name that the compiler sees letter by letter, or text
 * that was made here; a `string` of unknown content does not compile. The text around is looked at
 * when the rule is built, which is when the program starts.
 */
import { assert } from '../../core/assert.ts';
import { deploymentRows } from '../deployments/rows.ts';
import { macroNames, quote } from '../vocabulary/macros.ts';
import type { AttributeName } from '../vocabulary/names.ts';
import {
  histogramPercentile,
  histogramSteps,
  latest,
  type PointsSpec,
  pointLevels,
  steps,
} from '../vocabulary/points.ts';
import { bucketSeconds, percentile, withRed } from '../vocabulary/red.ts';
import { labelOf } from '../vocabulary/scraped.ts';
import type { LabelOf, ScrapedHistogram, ScrapedMetric } from '../vocabulary/scraped-names.ts';
import { type AttributeColumn, attribute, sql } from '../vocabulary/sql.ts';

declare const checkedText: unique symbol;

/** SQL that holds only macros which the data source expands in the server. */
export type RuleSql = string & { readonly [checkedText]: true };

/** What may stand in a rule: our own text, a number, or a name without a dollar sign. */
type Part<T> = T extends RuleSql | number
  ? T
  : T extends string
    ? string extends T
      ? never
      : T extends `${string}$${string}`
        ? never
        : T
    : never;

/** `$__conditionalAll` is expanded in the browser, before the server ever sees the query. */
export const ruleMacros: readonly string[] = macroNames.filter((name) => name !== 'conditionalAll');

/** SQL of a rule from typed parts. Throws when the text around them names what a rule has not. */
export function ruleSql<const Parts extends readonly unknown[]>(
  texts: TemplateStringsArray,
  ...parts: { readonly [Index in keyof Parts]: Part<Parts[Index]> }
): RuleSql {
  return checked(String.raw({ raw: texts }, ...parts));
}

/** A text as a SQL literal; a dollar sign in it would be taken for a variable. */
export function literal(text: string): RuleSql {
  return checked(quote(text));
}

/** Parts one after the other, with `between` in the middle. */
export function joined(parts: readonly RuleSql[], between: ' AND ' | ' OR ' | ', '): RuleSql {
  return checked(parts.join(between));
}

/** A query that the stack file has, as one that stands in parentheses. */
export function subquery(text: string): RuleSql {
  return checked(text);
}

/** The name of a table of the schema. */
export function tableName(table: { readonly name: string }): RuleSql {
  return checked(table.name);
}

/** `ResourceAttributes['host.name']`, for names of the pinned list only. */
export function attributeOf(column: AttributeColumn, name: AttributeName): RuleSql {
  return checked(attribute(column, name));
}

/** A label of a metric that a preset scrapes. */
export const scrapedLabel = <Metric extends ScrapedMetric>(
  metric: Metric,
  name: LabelOf<Metric>,
): RuleSql => checked(labelOf(metric, name));

/** Points of a metric, as `points.ts` reads them, with labels and filter that a rule may have. */
export type RulePoints = {
  readonly metric: PointsSpec['metric'];
  readonly labels?: Readonly<Record<string, RuleSql>>;
  readonly filter?: RuleSql;
};

export type RuleLevels = RulePoints & {
  readonly kind: 'gauge' | 'sum';
  readonly over?: 'sum' | 'max' | 'min';
};

/** The labels and `level`: the newest value of each series, see {@link latest}. */
export const newest = (spec: RuleLevels): RuleSql => checked(latest(spec));

/** `time`, the labels, `level`, a row a minute, see {@link pointLevels}. */
export const byMinute = (spec: RuleLevels): RuleSql => checked(pointLevels(spec));

/** `series`, the labels, `grown` and `elapsed`, a row a point, see {@link steps}. */
export const growth = (spec: RulePoints): RuleSql => checked(steps(spec));

export type RuleHistogram = {
  readonly metric: ScrapedHistogram;
  readonly labels: Readonly<Record<string, RuleSql>>;
  readonly filter?: RuleSql;
  /** 0 to 1. */
  readonly share: number;
  /** Values below which nothing is said; few are no percentile. */
  readonly valuesMin: number;
};

/** The labels and `level`: a percentile of what a histogram counted in the window. */
export function histogramLevel({ share, valuesMin, ...spec }: RuleHistogram): RuleSql {
  const names = joined(
    Object.keys(spec.labels).map((label) => checked(label)),
    ', ',
  );
  return checked(`(
    SELECT ${names}, ${histogramPercentile(share)} AS level
    FROM (
      SELECT ${names}, sumForEach(buckets.counts) AS counts, any(buckets.bounds) AS bounds
      FROM ${histogramSteps(spec)} AS buckets GROUP BY ${names}
    )
    WHERE arraySum(counts) >= ${valuesMin}
  )`);
}

/** The body of a WITH clause that defines `red`: every request of the window. */
export const requests = (): RuleSql => checked(withRed('1'));

/** The same of the last `seconds` alone. */
export const recentRequests = (seconds: number): RuleSql =>
  checked(
    withRed(
      '1',
      (column) =>
        `${column} >= $__fromTime AND ${column} > $__toTime - ${seconds}` +
        ` AND ${column} <= $__toTime`,
    ),
  );

/** A percentile of the durations in `red`, in seconds; `share` is 0 to 1. */
export const latencyPercentile = (share: number): RuleSql => checked(percentile(share));

/** The same of the buckets that `index` and `count` name. */
export const latencyPercentileOf = (share: number, index: RuleSql, count: RuleSql): RuleSql =>
  checked(bucketSeconds(`quantileExactWeightedArray(${share})(${index}, ${count})`));

/** A row a deployment of the window, see {@link deploymentRows}. */
export const deployments = (): RuleSql => checked(deploymentRows('1'));

function checked(text: string): RuleSql {
  for (const [found, macro] of text.matchAll(/\$(?:__(\w+))?/g)) {
    const known = macro !== undefined && ruleMacros.includes(macro);
    assert(known, `a rule has no variables and no macros of the browser, but ${found} in ${text}`);
  }
  return sql(text) as RuleSql;
}
