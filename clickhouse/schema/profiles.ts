/**
 * Profiles: what a user pays the engine for. Merges are most of its CPU, so each profile is a
 * choice of merge settings and skip indexes; `balanced` is the default.
 */
import type { IndexDef, TableDef } from './types.ts';

export type ProfileName = 'balanced' | 'cheap_ingest' | 'fast_search';

/** The first server release that knows a setting or an index type. */
export type Since = readonly [major: number, minor: number];

type ProfileSetting = {
  readonly name: string;
  readonly value: number | string;
  /** Left out on servers older than this. */
  readonly since?: Since;
  readonly why: string;
};

type ProfileIndex = IndexDef & {
  readonly table: string;
  readonly since?: Since;
  /** A declared index that this one makes superfluous. */
  readonly replaces?: string;
};

export type Profile = {
  readonly description: string;
  readonly settings: readonly ProfileSetting[];
  /** Whether the indexes that the tables declare are made. */
  readonly declaredIndexes: boolean;
  /** Indexes on top of the declared ones. */
  readonly extraIndexes: readonly ProfileIndex[];
};

/** Older servers are refused: the oldest LTS release that the layout is tested for. */
export const serverVersionMin: Since = [25, 8];

// biome-ignore format: a table reads as a table, one setting a line
const balancedSettings: readonly ProfileSetting[] = [
  { name: 'index_granularity', value: 2048, why: 'halves a look-up by trace id or attribute for 1.8 bytes a row' },
  { name: 'ttl_only_drop_parts', value: 1, why: 'expired days are dropped whole, never rewritten' },
  { name: 'min_level_for_wide_part', value: 1, since: [25, 10], why: 'fresh parts are one file: a wide insert spends its time in the kernel' },
  { name: 'merge_selector_base', value: 10, why: 'a row is merged 3.7 times a day and not 4.9 times' },
];

const fourGigabytes = 4 * 1024 ** 3;

// biome-ignore format: a table reads as a table, one index a line
const resourceBlooms: readonly ProfileIndex[] = [
  { table: 'otel_traces', name: 'idx_res_attr_value', expression: 'mapValues(ResourceAttributes)', type: 'bloom_filter(0.01)', granularity: 1 },
  { table: 'otel_logs', name: 'idx_res_attr_value', expression: 'mapValues(ResourceAttributes)', type: 'bloom_filter(0.01)', granularity: 1 },
];

/** What `SHOW CREATE TABLE` prints as the granularity of a text index: one index for a part. */
const textIndexGranularity = 100_000_000;

// biome-ignore format: a table reads as a table, one index a line
const textOnChosenKeys: readonly ProfileIndex[] = [
  { table: 'otel_traces', name: 'idx_text_http_route', expression: "SpanAttributes['http.route']", type: "text(tokenizer = 'array')", granularity: textIndexGranularity, since: [26, 2] },
  { table: 'otel_traces', name: 'idx_text_url_path', expression: "SpanAttributes['url.path']", type: "text(tokenizer = 'array')", granularity: textIndexGranularity, since: [26, 2] },
  { table: 'otel_logs', name: 'idx_text_body', replaces: 'idx_body', expression: 'lower(Body)', type: "text(tokenizer = 'splitByNonAlpha')", granularity: textIndexGranularity, since: [26, 2] },
];

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  balanced: {
    description: 'Two bloom filters a signal, cheap merges; the default',
    settings: balancedSettings,
    declaredIndexes: true,
    extraIndexes: [],
  },
  cheap_ingest: {
    description: 'No skip indexes, merged parts capped at 4 GiB: least CPU, slower searches',
    settings: [
      ...balancedSettings,
      {
        name: 'max_bytes_to_merge_at_max_space_in_pool',
        value: fourGigabytes,
        why: 'a row is merged 3.3 times a day, for 39 parts and not 11',
      },
    ],
    declaredIndexes: false,
    extraIndexes: [],
  },
  fast_search: {
    description: 'Balanced, and blooms on resource attributes and text indexes on chosen keys',
    settings: balancedSettings,
    declaredIndexes: true,
    extraIndexes: [...resourceBlooms, ...textOnChosenKeys],
  },
};

/** Whether a server of `version` knows what came with `since`. */
export function hasSince(version: Since, since: Since | undefined): boolean {
  if (since === undefined) return true;
  return version[0] > since[0] || (version[0] === since[0] && version[1] >= since[1]);
}

/** The skip indexes of a table under a profile. */
export function indexesOf(table: TableDef, profile: Profile, version: Since): IndexDef[] {
  const extra = profile.extraIndexes.filter(
    (index) => index.table === table.name && hasSince(version, index.since),
  );
  const declared = table.indexes.filter(
    (index) => profile.declaredIndexes && !extra.some((one) => one.replaces === index.name),
  );
  return [
    ...declared,
    ...extra.map(({ name, expression, type, granularity }) => ({
      name,
      expression,
      type,
      granularity,
    })),
  ];
}
