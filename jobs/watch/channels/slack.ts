/**
 * Slack's incoming webhooks (https://api.slack.com/messaging/webhooks): `text` for notifications,
 * `blocks` for the channel. Limits of Block Kit (https://api.slack.com/reference/block-kit/blocks):
 * a header of 150 characters, 3000 of a section, 50 blocks. `&`, `<` and `>` are written as
 * entities (https://api.slack.com/reference/surfaces/formatting#escaping).
 */
import type { AlertMessage } from '../message.ts';
import { cut, type Notification, type OpenChannel, postJson } from './channel.ts';
import { headingOf, rowOf, runbookOf, summaryOf } from './words.ts';

const headerLengthMax = 150;
/** Well below what a section takes, so that entities fit. */
const textLengthMax = 500;
const alertsShownMax = 20;

export function slackChannel(name: string, url: string): OpenChannel {
  return {
    name,
    send: (notification, signal) =>
      postJson(
        { channel: name, url, body: slackPayload(notification), hidden: new URL(url).pathname },
        signal,
      ),
  };
}

function slackPayload(notification: Notification): object {
  const { alerts } = notification;
  const heading = headingOf(notification);
  const more = alerts.length - alertsShownMax;
  return {
    text: escaped(heading),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(heading, headerLengthMax) } },
      ...alerts.slice(0, alertsShownMax).map((alert) => section(alertText(alert))),
      ...(more > 0 ? [section(`and ${more} more`)] : []),
    ],
  };
}

function section(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

function alertText(alert: AlertMessage): string {
  const mark = alert.status === 'firing' ? ':fire:' : ':white_check_mark:';
  const runbook = runbookOf(alert);
  const severity = alert.labels['severity'] ?? '';
  const first = `${mark} *${escaped(cut(summaryOf(alert), textLengthMax))}*`;
  const last = [
    severity,
    escaped(cut(rowOf(alert), textLengthMax)),
    ...(runbook === undefined ? [] : [`<${escaped(runbook)}|runbook>`]),
  ];
  return `${first}\n${last.filter((text) => text !== '').join(' · ')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
