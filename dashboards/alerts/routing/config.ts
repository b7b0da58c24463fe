/**
 * Who is told of an alert, as the stack file says it: channels, routes to them, times at which a
 * route is silent, and silences. `obsctl watch` sends by it, `obsctl dashboards push` makes contact
 * points, a notification policy and mute timings of it.
 */
import { z } from 'zod';
import { glob, secretReference } from '../config-kit.ts';
import { recipients, smtp } from './smtp.ts';

const channelTypes = ['webhook', 'slack', 'pagerduty', 'opsgenie', 'teams', 'email'] as const;

export type ChannelType = (typeof channelTypes)[number];

/**
 * Which secret a channel of a type needs: the address that it posts to, or a key. E-mail needs
 * none: the password of its server stands with the server, where there is one.
 */
export const secretOfType = {
  webhook: 'url',
  slack: 'url',
  teams: 'url',
  pagerduty: 'key',
  opsgenie: 'key',
  email: undefined,
} as const satisfies Readonly<Record<ChannelType, 'url' | 'key' | undefined>>;

/** What a matcher can ask of an alert: its rule, its severity, and the labels of its row. */
export const alertLabels = [
  ...['rule', 'severity', 'cause', 'claim', 'cluster', 'container', 'device', 'direction'],
  ...['error', 'function', 'gateway', 'host', 'image_after', 'image_before', 'interface'],
  ...['kind', 'map', 'measure', 'member', 'mountpoint', 'namespace', 'node', 'pattern', 'pod'],
  ...['program', 'queue', 'reason', 'service', 'snapshot', 'table', 'verb', 'workload'],
] as const;

const channelsMax = 20;
const routesMax = 50;
const mutesMax = 20;
const silencesMax = 200;
const commentLengthMax = 500;

const labelError = `one of the labels ${alertLabels.join(', ')}`;
const isLabel = (text: string): boolean => alertLabels.some((label) => label === text);

/** A contact point and a mute timing are named after it, within the 40 letters of a uid. */
const nameError = 'a name of lower case letters, digits and dashes, at most 30';
const name = z.string({ error: nameError }).regex(/^[a-z0-9][a-z0-9-]{0,29}$/, {
  error: nameError,
});

const secret = secretReference({ env: 'SLACK_WEBHOOK_URL', file: '/run/secrets/slack-url' });

const channel = z.strictObject({
  name: name.meta({ description: 'Name that routes use', examples: ['on-call'] }),
  type: z.enum(channelTypes).meta({
    description: 'What receives it; `webhook` gets the payload of Alertmanager',
    examples: ['pagerduty'],
  }),
  url: secret.optional().meta({
    description: 'Address of a webhook, of Slack or of a Teams workflow; it is a secret',
    examples: [{ env: 'SLACK_WEBHOOK_URL' }],
  }),
  key: secret.optional().meta({
    description: 'Integration key of PagerDuty, or API key of Opsgenie',
    examples: [{ file: '/run/secrets/pagerduty' }],
  }),
  api_url: z
    .string({ error: 'an http or https URL' })
    .regex(/^https?:\/\/[^\s?#@]+$/, { error: 'an http or https URL without a user' })
    .optional()
    .meta({
      description: 'Where PagerDuty or Opsgenie listen; absent: the instance in the US',
      examples: ['https://events.eu.pagerduty.com', 'https://api.eu.opsgenie.com'],
    }),
  to: recipients.optional(),
  smtp: smtp.optional(),
});

const match = z
  .record(z.string().refine(isLabel, { error: labelError }), glob)
  .default({})
  .meta({
    description:
      'Globs by label, all of which have to fit; a label that an alert does not have is empty',
    examples: [{ severity: 'critical', service: 'shop-*' }],
  });

const route = z.strictObject({
  match,
  channels: z
    .array(name, { error: 'a list of names of channels' })
    .min(1, { error: 'at least one channel' })
    .max(channelsMax, { error: `at most ${channelsMax} channels` })
    .meta({ description: 'Names of the channels that are told', examples: [['on-call']] }),
  continue: z
    .boolean({ error: 'true or false' })
    .default(false)
    .meta({
      description:
        'Whether the routes after it are looked at, too; else the first that fits counts',
      examples: [true],
    }),
  group_by: z
    .array(z.enum(alertLabels), { error: 'a list of labels' })
    .default(['rule'])
    .meta({
      description: 'Alerts with the same values of these labels are told in one message',
      examples: [['rule', 'namespace'], []],
    }),
  group_wait: z
    .string({ error: 'a duration such as 30s' })
    .regex(/^\d{1,5}[smh]$/, { error: 'a duration of one unit such as 30s' })
    .default('30s')
    .meta({
      description: 'How long a message waits for more of its group (a duration)',
      examples: ['30s'],
    }),
  mute_timings: z
    .array(name, { error: 'a list of names of mute timings' })
    .max(mutesMax, { error: `at most ${mutesMax} mute timings` })
    .default([])
    .meta({ description: 'When nobody is told by this route', examples: [['nights']] }),
});

const weekdays = [
  ...['sunday', 'monday', 'tuesday', 'wednesday'],
  ...['thursday', 'friday', 'saturday'],
] as const;

const clockError = 'a time such as "22:00", at most "24:00", in quotes';
const clockTime = z
  .string({ error: clockError })
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: clockError });

const rangeError = 'an end after the start; a night is two ranges, to "24:00" and from "00:00"';

const muteTiming = z.strictObject({
  name: name.meta({ description: 'Name that routes use', examples: ['nights'] }),
  weekdays: z
    .array(z.enum(weekdays), { error: 'a list of weekdays' })
    .default([])
    .meta({ description: 'Days on which it counts; none: all', examples: [['saturday']] }),
  times: z
    .array(
      z
        .strictObject({
          start_time: clockTime.meta({
            description: 'From this minute on (hours and minutes)',
            examples: ['22:00'],
          }),
          end_time: clockTime.meta({
            description: 'Until before this minute (hours and minutes)',
            examples: ['24:00'],
          }),
        })
        .refine((range) => range.start_time < range.end_time, { error: rangeError }),
      { error: 'a list of times' },
    )
    .default([])
    .meta({
      description: 'Times of the day at which it counts; none: the whole day',
      examples: [[{ start_time: '22:00', end_time: '24:00' }]],
    }),
  location: z
    .string({ error: 'a time zone such as Europe/Berlin' })
    .refine(isTimeZone, { error: 'a time zone such as Europe/Berlin' })
    .default('UTC')
    .meta({ description: 'Time zone of days and times', examples: ['Europe/Berlin'] }),
});

const momentError = 'a time such as "2026-11-22T08:00:00Z"';
const moment = z.iso.datetime({ offset: true, error: momentError });

const silence = z
  .strictObject({
    match: match.meta({
      description: 'Globs by label, all of which have to fit; none: every alert',
      examples: [{ service: 'checkout' }],
    }),
    starts_at: moment.meta({
      description: 'From when on nothing is sent (RFC 3339)',
      examples: ['2026-11-22T08:00:00Z'],
    }),
    ends_at: moment.meta({
      description: 'Until when; what fires then is told (RFC 3339)',
      examples: ['2026-11-22T10:00:00Z'],
    }),
    comment: z
      .string({ error: 'a text' })
      .min(1, { error: 'a text that is not empty' })
      .max(commentLengthMax, { error: `a text of at most ${commentLengthMax} characters` })
      .meta({ description: 'Why', examples: ['the database moves'] }),
  })
  .refine((one) => Date.parse(one.starts_at) < Date.parse(one.ends_at), {
    error: 'an ends_at after starts_at',
  });

/** A list of silences, in the stack file or in a file of its own. */
export const silencesOptions = z
  .array(silence, { error: 'a list of silences' })
  .max(silencesMax, { error: `at most ${silencesMax} silences` });

/** Keys of `alerts` in the stack file. */
export const routingOptions = {
  channels: z
    .array(channel, { error: 'a list of channels' })
    .max(channelsMax, { error: `at most ${channelsMax} channels` })
    .default([])
    .meta({
      description: 'Who can be told: `obsctl watch` sends there, and a push makes contact points',
      examples: [[{ name: 'on-call', type: 'pagerduty', key: { env: 'PAGERDUTY_KEY' } }]],
    }),
  routes: z
    .array(route, { error: 'a list of routes' })
    .max(routesMax, { error: `at most ${routesMax} routes` })
    .default([])
    .meta({
      description: 'Which alert goes to which channel; absent: every alert to every channel',
      examples: [[{ match: { severity: 'critical' }, channels: ['on-call'] }]],
    }),
  mute_timings: z
    .array(muteTiming, { error: 'a list of mute timings' })
    .max(mutesMax, { error: `at most ${mutesMax} mute timings` })
    .default([])
    .meta({
      description: 'Times that come again and at which routes that name them tell nobody',
      examples: [[{ name: 'weekends', weekdays: ['saturday', 'sunday'] }]],
    }),
  silences: silencesOptions.default([]).meta({
    description: 'What `obsctl watch` does not send for a while; a Grafana has silences of its own',
    examples: [
      [
        {
          match: { service: 'checkout' },
          starts_at: '2026-11-22T08:00:00Z',
          ends_at: '2026-11-22T10:00:00Z',
          comment: 'the database moves',
        },
      ],
    ],
  }),
};

export type Channel = z.output<typeof channel>;
export type Route = z.output<typeof route>;
export type MuteTiming = z.output<typeof muteTiming>;
export type Silence = z.output<typeof silence>;

/** All of it, as an installation has it. */
export type Routing = {
  readonly channels: readonly Channel[];
  readonly routes: readonly Route[];
  readonly muteTimings: readonly MuteTiming[];
};

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
