/** `gateway` of the stack file: what stands between the agents and ClickHouse. */
import { z } from 'zod';
import { parseBytes } from '../core/units.ts';
import { gatewayConfigDefault, gatewaySettings } from '../gateway/config.ts';
import { collectorGatewayOptions } from '../presets/agents/collector-gateway/config.ts';
import { redaction, sampling } from './gateway-data.ts';
import { allowFrom, auth, corsOrigins, tenants, tls } from './gateway-guard.ts';
import { choice, count, duration, flag, image, objectName, size, text } from './kit.ts';

const workersMax = 64;
const replicasMax = 32;
const graceMsMin = 1000;
/** One replica has every insert that is answered. */
const quorumMin = 2;
const quorumMax = 100;
const mebibyte = 1024 ** 2;
export const replicasDefault = collectorGatewayOptions.shape.replicas.parse(undefined);
/** Share of the volume that the Collector's queue may fill. */
export const queueShareMax = 0.8;

/** Keys that only one of the two flavors reads. */
export const keysOfFlavor = {
  collector: ['queue_size', 'batch_rows', 'flush_interval'],
  obsctl: [
    'workers',
    'grace',
    'insert_quorum',
    'sampling',
    'redaction',
    'tls',
    'auth',
    'tenants',
    'allow_from',
    'cors_origins',
    'dogstatsd',
    'opamp',
  ],
} as const;

const gatewayShape = collectorGatewayOptions.extend({
  replicas_max: count(
    {
      description:
        'Up to how many an autoscaler may start when CPU is short (a count); absent: none is' +
        ' rendered. It never takes one away, because that would strand what its volume holds',
      examples: [6],
    },
    { min: 2, max: replicasMax },
  ).optional(),
  endpoint: text({
    description:
      'OTLP/gRPC address of a gateway that runs elsewhere: agents send there, and neither gateway' +
      ' nor ClickHouse are rendered. `host:port` is plain, `https://host:port` has TLS',
    examples: ['https://otlp.example.com:4317'],
  })
    .regex(/^(https:\/\/)?([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/, {
      error: 'an address such as gateway.example:4317 or https://gateway.example:4317',
    })
    .optional(),
  volume: size({
    description:
      'Disk of each pod for what ClickHouse has not taken yet; unit: bytes with a suffix',
    examples: ['10Gi'],
  }).default('10Gi'),
  storage_class: objectName({
    description: "Storage class of that disk; absent: the cluster's default",
    examples: ['fast-ssd'],
  }).optional(),
  flavor: choice(['collector', 'obsctl'], {
    description:
      '`collector`: the stock contrib Collector; `obsctl`: our gateway, which needs `image`.' +
      ' Absent: `obsctl` when `image` is set, else `collector`',
    examples: ['collector'],
  }).optional(),
  image: image({
    description: "Image of obsctl's own gateway, made with the project's Dockerfile",
    examples: ['registry.example/obs/obsctl:0.1.0'],
  }).optional(),
  workers: count(
    {
      description: `${gatewaySettings.workers.description}; only flavor \`obsctl\``,
      examples: [2],
    },
    { min: 1, max: workersMax },
  ).optional(),
  grace: duration(
    {
      description: `${gatewaySettings.graceMs.description}; only flavor \`obsctl\``,
      examples: ['30s'],
    },
    { minMs: graceMsMin },
  ).default(`${gatewayConfigDefault().graceMs / 1000}s`),
  insert_quorum: z
    .union(
      [z.enum(['auto']), z.int().min(quorumMin).max(quorumMax)],
      `auto, or a whole number from ${quorumMin} to ${quorumMax}`,
    )
    .meta({
      description:
        'How many replicas of a shard must have rows before they count as stored: a number, or' +
        ' `auto` for more than half. Until then they wait on the volume; only flavor `obsctl`',
      examples: ['auto'],
    })
    .optional(),
  sampling: sampling.optional(),
  redaction: redaction.optional(),
  tls: tls.optional(),
  auth: auth.optional(),
  tenants: tenants.optional(),
  allow_from: allowFrom.optional(),
  cors_origins: corsOrigins.optional(),
  dogstatsd: flag({
    description:
      'Takes DogStatsD on 8125/udp, too. Datagrams carry no token: whoever reaches the port may' +
      ' send; only flavor `obsctl`',
    examples: [true],
  }).default(false),
  opamp: flag({
    description:
      'Agents report version, health and configuration to the gateway by OpAMP, for' +
      ' `obsctl agents`; nothing is ever sent to them. Only flavor `obsctl`, where it is on',
    examples: [false],
  }).default(true),
});

type GatewayInput = z.input<typeof gatewayShape>;
type GatewayOutput = z.output<typeof gatewayShape>;
type Flavor = NonNullable<GatewayOutput['flavor']>;

export const gateway = z
  .preprocess((value) => withQueueSize(value), gatewayShape)
  .transform((value) => ({ ...value, flavor: flavorOf(value) }))
  .prefault({})
  .meta({
    description: 'The gateway: takes OTLP, keeps it on disk, delivers it to ClickHouse',
    examples: [{ replicas: 2, volume: '10Gi' }],
  }) as unknown as z.ZodPrefault<
  z.ZodType<GatewayOutput & { readonly flavor: Flavor }, GatewayInput>
>;

function flavorOf({ flavor, image: own }: GatewayOutput): Flavor {
  return flavor ?? (own === undefined ? 'collector' : 'obsctl');
}

/** A queue that nobody sized follows the volume. */
function withQueueSize(value: unknown): unknown {
  const gatewayGiven = value === null || value === true ? {} : value;
  if (typeof gatewayGiven !== 'object' || gatewayGiven === null) return gatewayGiven;
  if (Array.isArray(gatewayGiven) || 'queue_size' in gatewayGiven) return gatewayGiven;
  const volume = 'volume' in gatewayGiven ? gatewayGiven.volume : undefined;
  const bytes = typeof volume === 'string' ? parseBytes(volume) : undefined;
  if (bytes === undefined) return gatewayGiven;
  const mebibytes = Math.max(1, Math.floor((bytes * queueShareMax) / mebibyte));
  return { ...gatewayGiven, queue_size: `${mebibytes}Mi` };
}
