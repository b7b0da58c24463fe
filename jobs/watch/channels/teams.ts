/**
 * Microsoft Teams: the trigger "When a Teams webhook request is received" of a workflow, which
 * takes a message with one Adaptive Card (https://learn.microsoft.com/microsoftteams/platform/
 * webhooks-and-connectors/how-to/connectors-using, "Send Adaptive Cards using an Incoming Webhook")
 * and answers 202. A message is at most 28 KB, so few alerts are shown, and their texts are cut.
 */
import type { AlertMessage } from '../message.ts';
import { cut, type Notification, type OpenChannel, postJson } from './channel.ts';
import { headingOf, rowOf, runbookOf, summaryOf } from './words.ts';

const alertsShownMax = 10;
const textLengthMax = 500;

export function teamsChannel(name: string, url: string): OpenChannel {
  return {
    name,
    // Its answers are not quoted: they may repeat the address.
    send: (notification, signal) =>
      postJson({ channel: name, url, body: teamsPayload(notification) }, signal),
  };
}

function teamsPayload(notification: Notification): object {
  const { alerts } = notification;
  const firing = alerts.some(({ status }) => status === 'firing');
  const more = alerts.length - alertsShownMax;
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      {
        type: 'TextBlock',
        text: plain(headingOf(notification)),
        size: 'Medium',
        weight: 'Bolder',
        color: firing ? 'Attention' : 'Good',
        wrap: true,
      },
      ...alerts.slice(0, alertsShownMax).flatMap(blocksOf),
      ...(more > 0 ? [subtle(`and ${more} more`)] : []),
    ],
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

function blocksOf(alert: AlertMessage): readonly object[] {
  const runbook = runbookOf(alert);
  const facts = [alert.status, alert.labels['severity'] ?? '', plain(rowOf(alert))];
  const link = runbook === undefined ? [] : [`[runbook](${runbook})`];
  return [
    { type: 'TextBlock', text: plain(summaryOf(alert)), wrap: true, separator: true },
    subtle([...facts.filter((text) => text !== ''), ...link].join(' · ')),
  ];
}

function subtle(text: string): object {
  return { type: 'TextBlock', text, isSubtle: true, wrap: true, spacing: 'None' };
}

/** A text block reads Markdown: what a label says is no part of it. */
function plain(text: string): string {
  return cut(text, textLengthMax).replaceAll(/[\\`*_[\]()#]/g, '\\$&');
}
