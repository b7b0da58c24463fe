/**
 * A price file: what a vCPU and 10⁹ bytes of memory, or a whole node, cost for an hour, by
 * provider, region, instance type and capacity type, and for single nodes; and what traffic costs.
 * YAML or JSON.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { trafficLayer } from '../../clickhouse/schema/traffic.ts';
import { Problem } from '../../core/problem.ts';
import { readYaml, type YamlTree } from '../../core/yaml.ts';
import { plainDecimal, priceDigits } from './decimal.ts';
import { defaultCurrency } from './defaults.ts';

/** As the columns of `cost_prices`. */
type PriceRule = {
  /** 1: a list price; 2: of nodes by name or label; 3: of traffic. */
  readonly layer: 1 | 2 | typeof trafficLayer;
  readonly provider: string;
  readonly region: string;
  readonly instanceType: string;
  readonly capacityType: string;
  readonly node: string;
  readonly labelName: string;
  readonly labelValue: string;
  /** Decimals as text; those that are not said are 0. */
  readonly cpuPrice: string;
  readonly memoryPrice: string;
  readonly nodePrice: string;
  readonly zonePrice: string;
  readonly zoneReceivedPrice: string;
  readonly internetPrice: string;
};

export type PriceFile = {
  readonly name: string;
  readonly currency: string;
  readonly rules: readonly PriceRule[];
  /** SHA-256 of the text. */
  readonly hash: string;
};

const rulesMax = 10_000;
const wholeMax = 9;
/** What a number of JavaScript holds without loss. */
const numberDigitsMax = 15;
const priceError =
  `a price that is not negative, with at most ${priceDigits} digits behind the point;` +
  ' in quotes from 16 digits on';

const price = z
  .union([z.string(), z.number()], { error: priceError })
  .transform((value, context) => {
    const text = plainDecimal(String(value), { digitsMax: priceDigits, wholeMax });
    const isRound = typeof value === 'number' && digitsOf(String(value)) > numberDigitsMax;
    if (text !== undefined && !text.startsWith('-') && !isRound) return text;
    context.addIssue({ code: 'custom', message: priceError });
    return z.NEVER;
  })
  .optional();

const text = (what: string) => z.string({ error: what }).min(1, { error: what }).optional();
const prices = { vcpu_hour: price, gb_hour: price, node_hour: price };
const provider = z
  .enum(['aws', 'gcp', 'azure', 'other'], { error: 'aws, gcp, azure or other' })
  .optional();
const listPrice = z.strictObject(
  {
    provider,
    region: text('a region such as eu-central-1'),
    instance_type: text('a type of machine such as m5.large'),
    capacity_type: z.enum(['spot', 'on-demand'], { error: 'spot or on-demand' }).optional(),
    ...prices,
  },
  { error: (issue) => keysError(issue) },
);
const nodePrice = z.strictObject(
  {
    node: text('the name of a node'),
    label: z
      .string({ error: 'NAME=VALUE' })
      .regex(/^[^=]+=.*$/, { error: 'NAME=VALUE' })
      .optional(),
    ...prices,
  },
  { error: (issue) => keysError(issue) },
);
const trafficPrice = z.strictObject(
  {
    provider,
    region: text('a region such as eu-central-1'),
    between_zones_gb: price,
    between_zones_received_gb: price,
    to_internet_gb: price,
  },
  { error: (issue) => keysError(issue) },
);
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item, { error: 'a list' })
    .max(rulesMax, { error: `at most ${rulesMax}` })
    .default([]);

const schema = z.strictObject(
  {
    name: z
      .string({ error: 'a name' })
      .regex(/^[\w.-]{1,100}$/, { error: 'letters, digits, “-”, “.” and “_”' })
      .optional(),
    currency: z
      .string({ error: 'a currency such as EUR' })
      .regex(/^[A-Z]{3}$/, { error: 'three capital letters such as EUR' })
      .default(defaultCurrency),
    prices: list(listPrice),
    nodes: list(nodePrice),
    traffic: list(trafficPrice),
  },
  { error: (issue) => keysError(issue) },
);

/** What {@link path} says. Throws OBS-6150 with every fault and its place. */
export function parsePriceFile(content: string, path: string): PriceFile {
  const { tree, faults } = readYaml(content);
  if (tree === undefined || faults.length > 0) {
    throw refusal(
      path,
      faults.map(({ at, message }) => ({ line: at.line, message })),
    );
  }
  const read = schema.safeParse(tree.value);
  if (!read.success) {
    throw refusal(
      path,
      read.error.issues.map((issue) => ({
        line: lineOf(
          tree,
          issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path,
        ),
        message: `${issue.path.join('.') || 'the file'}: expected ${issue.message}`,
      })),
    );
  }
  const { name, currency, prices: listed, nodes, traffic } = read.data;
  const wrong = [
    ...listed.flatMap((rule, at) => wrongPrices(rule, tree, ['prices', at])),
    ...nodes.flatMap((rule, at) => wrongNode(rule, tree, ['nodes', at])),
    ...traffic.flatMap((rule, at) => wrongTraffic(rule, tree, ['traffic', at])),
  ];
  if (listed.length + nodes.length + traffic.length === 0)
    wrong.push({ line: 1, message: 'it has no price' });
  if (wrong.length > 0) throw refusal(path, wrong);
  return {
    name: name ?? (path.split('/').at(-1) ?? path).replace(/\.(ya?ml|json)$/, ''),
    currency,
    rules: [...listed.map(listRule), ...nodes.map(nodeRule), ...traffic.map(trafficRule)],
    hash: createHash('sha256').update(content).digest('hex'),
  };
}

type Fault = { readonly line: number; readonly message: string };
type Path = readonly PropertyKey[];
type TrafficPrices = z.infer<typeof trafficPrice>;
type Prices = { readonly [Key in keyof typeof prices]?: string | undefined };

function wrongPrices(rule: Prices, tree: YamlTree, path: Path): readonly Fault[] {
  const hasUnits = rule.vcpu_hour !== undefined && rule.gb_hour !== undefined;
  const hasSome = rule.vcpu_hour !== undefined || rule.gb_hour !== undefined;
  const hasNode = rule.node_hour !== undefined;
  if (hasNode ? !hasSome : hasUnits) return [];
  const message = `${path.join('.')}: expected vcpu_hour and gb_hour, or node_hour alone`;
  return [{ line: lineOfItem(rule, tree, path), message }];
}

/** A map has no place of its own: that of its first key. */
function lineOfItem(rule: object, tree: YamlTree, path: Path): number {
  return lineOf(tree, [...path, ...Object.keys(rule).slice(0, 1)]);
}

function wrongNode(
  rule: Prices & { readonly node?: string | undefined; readonly label?: string | undefined },
  tree: YamlTree,
  path: Path,
): readonly Fault[] {
  const message = `${path.join('.')}: expected node or label, one of them`;
  const isOne = (rule.node === undefined) !== (rule.label === undefined);
  const own = isOne ? [] : [{ line: lineOfItem(rule, tree, path), message }];
  return [...own, ...wrongPrices(rule, tree, path)];
}

function wrongTraffic(rule: TrafficPrices, tree: YamlTree, path: Path): readonly Fault[] {
  if (rule.between_zones_gb !== undefined && rule.to_internet_gb !== undefined) return [];
  const message = `${path.join('.')}: expected between_zones_gb and to_internet_gb; 0 is a price`;
  return [{ line: lineOfItem(rule, tree, path), message }];
}

const anything = {
  ...{ provider: '', region: '', instanceType: '', capacityType: '' },
  ...{ node: '', labelName: '', labelValue: '' },
  ...{ zonePrice: '0', zoneReceivedPrice: '0', internetPrice: '0' },
} as const;

const pricesOf = (rule: Prices): Pick<PriceRule, 'cpuPrice' | 'memoryPrice' | 'nodePrice'> => ({
  cpuPrice: rule.vcpu_hour ?? '0',
  memoryPrice: rule.gb_hour ?? '0',
  nodePrice: rule.node_hour ?? '0',
});

function listRule(rule: z.infer<typeof listPrice>): PriceRule {
  return {
    ...anything,
    layer: 1,
    provider: rule.provider ?? '',
    region: rule.region ?? '',
    instanceType: rule.instance_type ?? '',
    capacityType: rule.capacity_type ?? '',
    ...pricesOf(rule),
  };
}

function nodeRule(rule: z.infer<typeof nodePrice>): PriceRule {
  const [labelName = '', ...value] = rule.label?.split('=') ?? [];
  const label = { labelName, labelValue: value.join('=') };
  return { ...anything, layer: 2, node: rule.node ?? '', ...label, ...pricesOf(rule) };
}

function trafficRule(rule: TrafficPrices): PriceRule {
  const zonePrice = rule.between_zones_gb ?? '0';
  // Amazon charges both directions alike; the others charge the sender.
  const received = rule.provider === 'aws' ? zonePrice : '0';
  return {
    ...anything,
    layer: trafficLayer,
    provider: rule.provider ?? '',
    region: rule.region ?? '',
    ...pricesOf({}),
    zonePrice,
    zoneReceivedPrice: rule.between_zones_received_gb ?? received,
    internetPrice: rule.to_internet_gb ?? '0',
  };
}

function digitsOf(number: string): number {
  return number.replace(/e.*$/i, '').replace(/[^\d]/g, '').replace(/^0+/, '').length;
}

function keysError(issue: z.core.$ZodRawIssue): string {
  return issue.code === 'unrecognized_keys'
    ? `other keys than ${issue.keys.map((key) => `“${key}”`).join(', ')}`
    : 'a map';
}

/** The line of a value or, where it is a map or missing, of what holds it. */
function lineOf(tree: YamlTree, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const part = path.slice(0, length).map((key) => (typeof key === 'number' ? key : String(key)));
    const at = tree.valuePlace(part) ?? tree.keyPlace(part);
    if (at !== undefined) return at.line;
  }
  return 1;
}

const faultsShown = 20;

function refusal(path: string, faults: readonly Fault[]): Problem {
  const sorted = [...faults].sort((left, right) => left.line - right.line);
  const lines = sorted.slice(0, faultsShown).map(({ line, message }) => `line ${line}: ${message}`);
  const more = sorted.length - lines.length;
  const all = more > 0 ? [...lines, `and ${more} more`] : lines;
  return new Problem('OBS-6150', all.join('; '), { where: `${path}:${sorted[0]?.line ?? 1}` });
}
