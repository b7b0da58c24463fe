/** What each service is sent, as its published description has it (named in each module). */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Receiver, startReceiver } from '../../../test/support/receiver.ts';
import type { AlertMessage } from '../message.ts';
import { postJson } from './channel.ts';
import { openChannels } from './open.ts';

const never = new AbortController().signal;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const firing: AlertMessage = {
  status: 'firing',
  labels: { alertname: 'log-errors', severity: 'critical', service: 'a<b>_*c', namespace: 'web' },
  annotations: {
    title: 'Errors in logs',
    summary: 'a<b>_*c writes 12 & more errors',
    description: 'Look at the logs.',
    runbook_url: 'https://docs.example/runbooks/log-errors.md',
  },
  startsAt: '2026-11-22T08:00:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: '',
  fingerprint: '0123456789abcdef',
};
const resolved: AlertMessage = {
  ...firing,
  status: 'resolved',
  labels: { alertname: 'host-cpu', severity: 'warning', host: 'db-1' },
  annotations: { summary: 'db-1 is busy' },
  endsAt: '2026-11-22T09:00:00.000Z',
  fingerprint: 'fedcba9876543210',
};

/** What arrives of both alerts, in one group. */
async function sent(type: 'slack' | 'pagerduty' | 'opsgenie' | 'teams' | 'webhook', count = 1) {
  const secret = ['pagerduty', 'opsgenie'].includes(type) ? 'the-key' : `${receiver.url}/T0/B0/x`;
  const named = { name: 'chat', type, api_url: `${receiver.url}/` };
  const [channel] = await openChannels([named], new Map([['chat', secret]]));
  const alerts = [...Array.from({ length: count }, () => firing), resolved];
  await channel?.send({ group: { rule: 'log-errors', namespace: 'web' }, alerts }, never);
  return receiver.received;
}

describe('what is sent', () => {
  it('to Slack is a text and blocks, with what a label says escaped', async () => {
    const [request] = await sent('slack');
    expect(request?.path).toBe('/T0/B0/x');
    expect(request?.headers['content-type']).toBe('application/json');
    const text = '1 firing, 1 resolved: log-errors, host-cpu, web';
    const section = (words: string) => ({ type: 'section', text: { type: 'mrkdwn', text: words } });
    expect(request?.body).toEqual({
      text,
      blocks: [
        { type: 'header', text: { type: 'plain_text', text } },
        section(
          ':fire: *a&lt;b&gt;_*c writes 12 &amp; more errors*\n' +
            'critical · service=a&lt;b&gt;_*c, namespace=web' +
            ' · <https://docs.example/runbooks/log-errors.md|runbook>',
        ),
        section(':white_check_mark: *db-1 is busy*\nwarning · host=db-1'),
      ],
    });
  });

  it('to PagerDuty is an event an alert: a trigger, and a resolve without a payload', async () => {
    const requests = await sent('pagerduty');
    expect(requests.map(({ path }) => path)).toEqual(['/v2/enqueue', '/v2/enqueue']);
    expect(requests.map(({ body }) => body)).toEqual([
      {
        routing_key: 'the-key',
        event_action: 'trigger',
        dedup_key: '0123456789abcdef',
        client: 'obsctl',
        payload: {
          summary: 'a<b>_*c writes 12 & more errors',
          source: 'service=a<b>_*c, namespace=web',
          severity: 'critical',
          timestamp: '2026-11-22T08:00:00.000Z',
          class: 'log-errors',
          component: 'a<b>_*c',
          custom_details: {
            service: 'a<b>_*c',
            namespace: 'web',
            description: 'Look at the logs.',
          },
        },
        links: [{ href: 'https://docs.example/runbooks/log-errors.md', text: 'Runbook' }],
      },
      { routing_key: 'the-key', event_action: 'resolve', dedup_key: 'fedcba9876543210' },
    ]);
  });

  it('to Opsgenie is an alert under its alias, and that it is closed', async () => {
    const requests = await sent('opsgenie');
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([
      'GenieKey the-key',
      'GenieKey the-key',
    ]);
    expect(requests.map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/v2/alerts',
        body: {
          message: 'a<b>_*c writes 12 & more errors',
          alias: '0123456789abcdef',
          description:
            'a<b>_*c writes 12 & more errors\nLook at the logs.\n' +
            'service=a<b>_*c, namespace=web\nhttps://docs.example/runbooks/log-errors.md',
          details: {
            service: 'a<b>_*c',
            namespace: 'web',
            rule: 'log-errors',
            severity: 'critical',
          },
          tags: ['log-errors', 'critical'],
          priority: 'P1',
          source: 'obsctl',
        },
      },
      {
        path: '/v2/alerts/fedcba9876543210/close?identifierType=alias',
        body: { source: 'obsctl', note: 'resolved at 2026-11-22T09:00:00.000Z' },
      },
    ]);
  });

  it('to Teams is one Adaptive Card, with what a label says as plain text', async () => {
    const [request] = await sent('teams');
    const subtle = { type: 'TextBlock', isSubtle: true, wrap: true, spacing: 'None' };
    const block = { type: 'TextBlock', wrap: true, separator: true };
    expect(request?.body).toEqual({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            msteams: { width: 'Full' },
            body: [
              {
                type: 'TextBlock',
                text: '1 firing, 1 resolved: log-errors, host-cpu, web',
                size: 'Medium',
                weight: 'Bolder',
                color: 'Attention',
                wrap: true,
              },
              { ...block, text: 'a<b>\\_\\*c writes 12 & more errors' },
              {
                ...subtle,
                text:
                  'firing · critical · service=a<b>\\_\\*c, namespace=web' +
                  ' · [runbook](https://docs.example/runbooks/log-errors.md)',
              },
              { ...block, text: 'db-1 is busy' },
              { ...subtle, text: 'resolved · warning · host=db-1' },
            ],
          },
        },
      ],
    });
  });

  it('to a webhook is the payload of Alertmanager, version 4', async () => {
    const [request] = await sent('webhook');
    expect(request?.body).toEqual({
      version: '4',
      groupKey: '{}:{rule="log-errors", namespace="web"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'chat',
      groupLabels: { rule: 'log-errors', namespace: 'web' },
      commonLabels: {},
      commonAnnotations: {},
      externalURL: '',
      alerts: [firing, resolved],
    });
  });

  it('to a chat stays within its limits, however much fires', async () => {
    const [slack] = await sent('slack', 200);
    expect(slack?.body.blocks.length).toBeLessThanOrEqual(50);
    expect(slack?.body.blocks.at(-1).text.text).toBe('and 181 more');
    const [, teams] = await sent('teams', 200);
    expect(JSON.stringify(teams?.body).length).toBeLessThan(28_000);
  });
});

describe('a receiver', () => {
  const post = () => ({ channel: 'chat', url: `${receiver.url}/secret`, body: {} });

  it('that hangs is given up, and tried again later', async () => {
    receiver.answers.push('hang');
    await expect(postJson(post(), never, 50)).rejects.toMatchObject({
      code: 'OBS-6021',
      message: 'it does not answer',
      where: `chat (${receiver.host})`,
    });
  });

  it.each([301, 400, 401, 403, 404, 410])('that answers %j refuses', async (status) => {
    receiver.answers.push(status);
    await expect(postJson(post(), never)).rejects.toMatchObject({ code: 'OBS-6022' });
  });

  it.each([408, 429, 500, 503])('that answers %j may take it later', async (status) => {
    receiver.answers.push(status);
    await expect(postJson(post(), never)).rejects.toMatchObject({ code: 'OBS-6021' });
  });
});
