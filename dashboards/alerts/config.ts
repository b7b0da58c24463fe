/** What a stack file says about alerts: objectives of services, and thresholds by glob. */
import { z } from 'zod';
import { duration, glob } from './config-kit.ts';
import { productOptions } from './product-config.ts';
import { routingOptions } from './routing/config.ts';

/** Every rule; its uid in Grafana is made of it, so a name that was published stays. */
export const ruleIds = [
  'slo-availability-fast',
  'slo-availability-slow',
  'slo-latency-fast',
  'slo-latency-slow',
  'gateway-lag',
  'gateway-log-size',
  'gateway-log-full-soon',
  'gateway-archive-size',
  'gateway-archive-lag',
  'gateway-dropped',
  'gateway-parked',
  'gateway-unready',
  'gateway-silent',
  'gateway-certificate',
  'clickhouse-parts',
  'clickhouse-inserts-refused',
  'log-errors',
  'log-new-pattern',
  'service-silent',
  'service-unusual',
  'host-cpu',
  'host-disk-space',
  'host-disk-io',
  'host-network',
  'host-silent',
  'container-cpu',
  'container-memory',
  'container-leak',
  'container-oom',
  'container-restarts',
  'workload-available',
  'deployment-stuck',
  'deployment-unexpected',
  'node-ready',
  'volume-space',
  'pod-network',
  'control-plane-down',
  'apiserver-errors',
  'apiserver-slow',
  'etcd-no-leader',
  'etcd-leader-changes',
  'etcd-proposals-failed',
  'etcd-database-full',
  'etcd-fsync',
  'etcd-commit',
  'scheduler-pending',
  'workqueue-deep',
  'coredns-errors',
  'coredns-slow',
  'cilium-drops',
  'cilium-bpf-map',
  'cilium-unreachable',
  'calico-dataplane',
  'aws-cni-no-address',
  'aws-cni-errors',
  'snapshot-failed',
  'snapshot-old',
] as const;

export type RuleId = (typeof ruleIds)[number];

/** Rules of product alerts, which a stack file names. */
export type ProductRuleId = `product-${string}` | `stale-${string}`;

/** Bounds of what becomes SQL of one rule, or one more rule each. */
const objectivesMax = 200;
const thresholdsMax = 50;

const windowsMax = 50;

const percentError = 'percent, above 0 and below 100';
const percent = z
  .number({ error: percentError })
  .gt(0, { error: percentError })
  .lt(100, { error: percentError });

const latency = z
  .strictObject({
    threshold: duration('a duration such as 300ms').meta({
      description: 'Within what a request is to be answered; exact to 4.4 %',
      examples: ['300ms'],
    }),
    objective: percent.meta({
      description: 'How many of the requests are to be, in percent',
      examples: [99],
    }),
  })
  .optional()
  .meta({
    description: 'How fast the service is to answer; absent: its alerts do not judge that',
    examples: [{ threshold: '300ms', objective: 99 }],
  });

export const slosOptions = z
  .array(
    z.strictObject({
      service: glob.meta({
        description: 'Name of a service, or a glob; the first objective that fits counts',
        examples: ['checkout', 'shop-*'],
      }),
      objective: percent.meta({
        description: 'How many of the requests are not to fail, in percent',
        examples: [99.9],
      }),
      window: duration('a duration such as 28d')
        .default('28d')
        .meta({
          description: 'Over which time that is meant; the burn rates that alert are the same',
          examples: ['28d'],
        }),
      latency,
    }),
    { error: 'a list of objectives' },
  )
  .max(objectivesMax, { error: `at most ${objectivesMax} objectives` })
  .default([])
  .meta({
    description:
      'Service level objectives; a service without one has 99.9 % that do not fail and 99 %' +
      ' within 500 ms',
    examples: [
      [
        {
          service: 'checkout',
          objective: 99.9,
          window: '28d',
          latency: { threshold: '300ms', objective: 99 },
        },
      ],
    ],
  });

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const dayTimeError = 'a time of day, 00:00 to 24:00';
const dayTime = z
  .string({ error: dayTimeError })
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: dayTimeError });

const isTimeZone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const zoneError = 'a time zone such as Europe/Berlin';

export const deploymentWindow = z.strictObject({
  days: z
    .array(z.enum(weekdays))
    .min(1)
    .default([...weekdays])
    .meta({
      description: 'On which days the window opens',
      examples: [['mon', 'tue', 'wed', 'thu']],
    }),
  from: dayTime.default('00:00').meta({
    description: 'When it opens, on the clock of the time zone',
    examples: ['09:00'],
  }),
  to: dayTime.default('24:00').meta({
    description: 'When it closes; before `from`: on the next day',
    examples: ['16:00'],
  }),
  timezone: z
    .string({ error: zoneError })
    .regex(/^[\w+/-]{1,60}$/, { error: zoneError })
    .refine(isTimeZone, { error: zoneError })
    .default('UTC')
    .meta({ description: 'Whose clock that is', examples: ['Europe/Berlin'] }),
  match: glob.default('*').meta({
    description: 'Glob over `namespace/kind/workload`: for which workloads',
    examples: ['shop/*'],
  }),
});

const deploymentWindows = z
  .array(deploymentWindow, { error: 'a list of windows' })
  .max(windowsMax, { error: `at most ${windowsMax} windows` })
  .default([])
  .meta({
    description:
      'When workloads may be deployed; a deployment at another time fires' +
      ' `deployment-unexpected`. None: no deployment fires',
    examples: [[{ days: ['mon', 'tue'], from: '09:00', to: '16:00', timezone: 'Europe/Berlin' }]],
  });

export type DeploymentWindow = z.output<typeof deploymentWindow>;

export const alertsOptions = z
  .strictObject({
    thresholds: z
      .array(
        z.strictObject({
          rule: z.enum(ruleIds).meta({
            description: 'The rule; all are in docs/reference/alerts.md',
            examples: ['container-cpu'],
          }),
          match: glob.meta({
            description: 'Glob over the scope of the rule; the first that fits counts',
            examples: ['payments/*'],
          }),
          threshold: z.number({ error: 'a number' }).meta({
            description: 'From where on it fires, in the unit of the rule; a share is 0 to 1',
            examples: [0.95],
          }),
        }),
        { error: 'a list of thresholds' },
      )
      .max(thresholdsMax, { error: `at most ${thresholdsMax} thresholds` })
      .default([])
      .meta({
        description: 'Thresholds that differ for some services, namespaces or hosts',
        examples: [[{ rule: 'container-cpu', match: 'payments/*', threshold: 0.95 }]],
      }),
    deployment_windows: deploymentWindows,
    product: productOptions,
    runbooks_url: z
      .string({ error: 'an http or https URL' })
      .regex(/^https?:\/\/[^\s$"]+$/, { error: 'an http or https URL' })
      .optional()
      .meta({
        description: 'Where docs/runbooks can be read, for the link in an alert',
        examples: ['https://docs.example/runbooks'],
      }),
    ...routingOptions,
  })
  .prefault({})
  .meta({
    description: 'Alert rules: thresholds, and who is told',
    examples: [{ runbooks_url: 'https://docs.example/runbooks' }],
  });
