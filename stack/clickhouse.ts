/** `clickhouse` of the stack file: where telemetry is stored, and for how long. */
import { z } from 'zod';
import {
  choice,
  count,
  httpUrl,
  image,
  objectName,
  resources,
  secretKey,
  size,
  text,
  wholeDays,
} from './kit.ts';

export function credentials(secret: string) {
  return z
    .strictObject({
      secret: objectName({
        description: 'Name of the Secret; made inside the cluster when it is absent',
        examples: [secret],
      }).default(secret),
      user_key: secretKey({
        description: 'Key of the user name in it',
        examples: ['user'],
      }).default('user'),
      password_key: secretKey({
        description: 'Key of the password in it',
        examples: ['password'],
      }).default('password'),
    })
    .prefault({})
    .meta({
      description: 'The Secret with user and password; secrets never stand in this file',
      examples: [{ secret }],
    });
}

const partsMax = 100;

const topology = z
  .strictObject({
    shards: count(
      { description: 'Parts that rows are spread over', examples: [1] },
      { min: 1, max: partsMax },
    ).default(1),
    replicas: count(
      { description: 'Copies of each shard, each on a server of its own', examples: [2] },
      { min: 1, max: partsMax },
    ).default(1),
    keepers: count(
      {
        description:
          'ClickHouse Keepers: none for a single server, else odd; with them tables are' +
          ' replicated, also those of one server',
        examples: [3],
      },
      { min: 0, max: 9 },
    ).default(0),
  })
  .prefault({})
  .meta({
    description: 'Servers of `mode: in_cluster`',
    examples: [{ shards: 1, replicas: 2, keepers: 3 }],
  });

const keeper = z
  .strictObject({
    volume: size({
      description: 'Disk of each Keeper, for its log and snapshots; unit: bytes with a suffix',
      examples: ['10Gi'],
    }).default('10Gi'),
    resources: resources({ cpu_request: '100m', memory_request: '256Mi', memory_limit: '1Gi' }),
  })
  .prefault({})
  .meta({
    description: 'Each of the Keepers of `topology`, on the storage class of the servers',
    examples: [{ volume: '20Gi' }],
  });

const retention = z
  .strictObject({
    traces: wholeDays({
      description: 'How long spans are kept; unit: whole days',
      examples: ['7d'],
    }).default('7d'),
    logs: wholeDays({
      description: 'How long log records are kept; unit: whole days',
      examples: ['7d'],
    }).default('7d'),
    metrics: wholeDays({
      description: 'How long data points are kept; unit: whole days',
      examples: ['30d'],
    }).default('30d'),
  })
  .prefault({})
  .meta({
    description: 'How long tables keep items; older ones are rejected and dropped',
    examples: [{ traces: '14d', metrics: '90d' }],
  });

export const clickhouse = z
  .strictObject({
    mode: choice(['in_cluster', 'external', 'embedded'], {
      description:
        '`in_cluster`: rendered here; `external`: one that exists, at `url`; `embedded`: inside' +
        ' `obsctl up`, without a cluster',
      examples: ['external'],
    }).default('in_cluster'),
    url: httpUrl({
      description: 'HTTP interface of an external ClickHouse, without user and password',
      examples: ['https://abc.example:8443'],
    }).optional(),
    database: text({ description: 'Database of the tables', examples: ['otel'] })
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, {
        error: 'a database name of letters, digits and underscores',
      })
      .default('otel'),
    credentials: credentials('clickhouse'),
    topology,
    keeper,
    retention,
    profile: choice(['balanced', 'cheap_ingest', 'fast_search'], {
      description: 'What searches may cost the engine in indexes and merges',
      examples: ['balanced'],
    }).default('balanced'),
    image: image({
      description: 'Image of `mode: in_cluster`; 25.8 is the oldest that works',
      examples: ['clickhouse/clickhouse-server:25.8'],
    }).default('clickhouse/clickhouse-server:25.8'),
    volume: size({
      description: 'Disk of each server of `mode: in_cluster`; unit: bytes with a suffix',
      examples: ['100Gi'],
    }).default('50Gi'),
    storage_class: objectName({
      description: "Storage class of its disk; absent: the cluster's default",
      examples: ['fast-ssd'],
    }).optional(),
    resources: resources({ cpu_request: '500m', memory_request: '2Gi', memory_limit: '4Gi' }),
  })
  .prefault({})
  .meta({
    description: 'The ClickHouse that stores everything',
    examples: [{ mode: 'external', url: 'https://abc.example:8443' }],
  });
