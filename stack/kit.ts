/**
 * The kinds of values that a stack file is made of. Each says what it expects in words that fit
 * after “expected”, because the loader prints them under the offending text.
 */
import { z } from 'zod';
import { parseBytes, parseDurationMs } from '../core/units.ts';

/** What stands beside every key: one sentence, and how it is typed. */
export type KeyMeta = {
  readonly description: string;
  readonly examples: readonly unknown[];
};

/** Longest text of any value, so that no message and no rendered name grows without bound. */
const textLengthMax = 4096;
/** Room for the suffixes that objects add to the stack's name, within the 63 of a DNS label. */
const stackNameLengthMax = 40;
const dnsLabelLengthMax = 63;
const dnsNameLengthMax = 253;
const dayMs = 86_400_000;

export function text(meta: KeyMeta, lengthMax = textLengthMax) {
  const error = `a text of at most ${lengthMax} characters`;
  return z
    .string({ error })
    .min(1, 'a text that is not empty')
    .max(lengthMax, { error })
    .meta(meta);
}

/** A name of one object: lower case letters, digits and dashes. */
export function dnsLabel(meta: KeyMeta, lengthMax = dnsLabelLengthMax) {
  const error = `a name of lower case letters, digits and dashes, at most ${lengthMax} characters`;
  const pattern = new RegExp(`^(?=.{1,${lengthMax}}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$`);
  return z.string({ error }).regex(pattern, { error }).meta(meta);
}

export function stackName(meta: KeyMeta) {
  const error =
    'a name that starts with a letter, of lower case letters, digits and dashes, at most ' +
    `${stackNameLengthMax} characters`;
  const pattern = new RegExp(`^(?=.{1,${stackNameLengthMax}}$)[a-z]([-a-z0-9]*[a-z0-9])?$`);
  return z.string({ error }).regex(pattern, { error }).meta(meta);
}

/** A name of an object that may have dots, for example of a Secret or a storage class. */
export function objectName(meta: KeyMeta) {
  const error = 'the name of a Kubernetes object: lower case letters, digits, dashes and dots';
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  const pattern = new RegExp(`^(?=.{1,${dnsNameLengthMax}}$)${label}(\\.${label})*$`);
  return z.string({ error }).regex(pattern, { error }).meta(meta);
}

/** A key inside a Secret or ConfigMap. */
export function secretKey(meta: KeyMeta) {
  const error = 'a key of a Secret: letters, digits, dots, dashes and underscores';
  return z
    .string({ error })
    .regex(/^[-._a-zA-Z0-9]{1,253}$/, { error })
    .meta(meta);
}

export function image(meta: KeyMeta) {
  const error = 'an image such as registry.example/team/name:tag or name@sha256:…';
  const name = String.raw`^[a-z0-9][a-z0-9._-]*(:\d{1,5})?(\/[a-z0-9._-]+)*`;
  const tag = String.raw`(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`;
  const pattern = new RegExp(`${name}${tag}`);
  return z.string({ error }).max(textLengthMax).regex(pattern, { error }).meta(meta);
}

export function size(meta: KeyMeta) {
  const error = 'a size with a unit such as 512Mi or 10Gi';
  return z
    .string({ error })
    .regex(/^[1-9]\d{0,8}(\.\d{1,3})?[KMGT]i?$/, { error })
    .refine((value) => parseBytes(value) !== undefined, { error })
    .meta(meta);
}

function cpu(meta: KeyMeta) {
  const error = 'processor time such as 100m or 2';
  return z
    .string({ error })
    .regex(/^([1-9]\d{0,5}m|[1-9]\d{0,3}|\d{1,3}\.\d{1,3})$/, { error })
    .meta(meta);
}

export function duration(meta: KeyMeta, bounds: { readonly minMs?: number } = {}) {
  const error = 'a duration such as 300ms, 10s or 1h30m';
  return z
    .string({ error })
    .regex(/^(\d{1,9}(\.\d{1,3})?(ms|[smhdw])){1,6}$/, { error })
    .refine((value) => (parseDurationMs(value) ?? 0) >= (bounds.minMs ?? 0), {
      error: `a duration of at least ${bounds.minMs} ms`,
    })
    .meta(meta);
}

/** Longest retention: ten years. */
const retentionDaysMax = 3650;

/** Whole days, because tables are partitioned by day. */
export function wholeDays(meta: KeyMeta) {
  const error = `whole days such as 7d or 4w, from 1d to ${retentionDaysMax}d`;
  return z
    .string({ error })
    .regex(/^[1-9]\d{0,5}(h|d|w)$/, { error })
    .refine((value) => isWholeDays(value), { error })
    .meta(meta);
}

function isWholeDays(value: string): boolean {
  const ms = parseDurationMs(value) ?? 0;
  return ms >= dayMs && ms % dayMs === 0 && ms / dayMs <= retentionDaysMax;
}

export function count(meta: KeyMeta, bounds: { readonly min: number; readonly max: number }) {
  const error = `a whole number from ${bounds.min} to ${bounds.max}`;
  return z.int({ error }).min(bounds.min, { error }).max(bounds.max, { error }).meta(meta);
}

export function flag(meta: KeyMeta) {
  return z.boolean({ error: 'true or false' }).meta(meta);
}

export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  meta: KeyMeta,
) {
  return z.enum(values).meta(meta);
}

export function httpUrl(meta: KeyMeta) {
  const error = 'an http or https URL such as https://clickhouse.example:8443';
  return z
    .string({ error })
    .max(textLengthMax)
    .regex(/^https?:\/\/[^\s/?#]+([/?#][^\s]*)?$/, { error })
    .refine((value) => URL.canParse(value), { error })
    .meta(meta);
}

export type ResourceDefaults = {
  readonly cpu_request: string;
  readonly memory_request: string;
  readonly memory_limit: string;
};

export function resources(defaults: ResourceDefaults) {
  return z
    .strictObject({
      cpu_request: cpu({
        description: 'Processor time that is reserved; unit: cores or thousandths (`m`)',
        examples: ['100m'],
      }).default(defaults.cpu_request),
      memory_request: size({
        description: 'Memory that is reserved; unit: bytes with a suffix',
        examples: ['200Mi'],
      }).default(defaults.memory_request),
      memory_limit: size({
        description: 'Memory at which the process is ended; unit: bytes with a suffix',
        examples: ['400Mi'],
      }).default(defaults.memory_limit),
    })
    .prefault({})
    .meta({
      description: 'What each pod reserves and may use',
      examples: [{ memory_limit: defaults.memory_limit }],
    });
}
