/**
 * Opsgenie's Alert API (https://docs.opsgenie.com/docs/alert-api): `POST /v2/alerts` creates, and
 * counts up what is open under the same `alias`; `POST /v2/alerts/ALIAS/close?identifierType=alias`
 * closes it. Both answer 202 and are done later, in order. Limits: 130 characters of `message`, 512
 * of `alias`, 15 000 of `description`, 100 of `source`, 50 of a tag.
 */
import type { AlertMessage } from '../message.ts';
import { cut, type OpenChannel, postJson } from './channel.ts';
import { rowOf, runbookOf, summaryOf } from './words.ts';

const usualApi = 'https://api.opsgenie.com';
const messageLengthMax = 130;
const descriptionLengthMax = 15_000;
const tagLengthMax = 50;
const source = 'obsctl';

export function opsgenieChannel(name: string, key: string, apiUrl = usualApi): OpenChannel {
  const headers = { authorization: `GenieKey ${key}` };
  return {
    name,
    oneByOne: true,
    send: async ({ alerts }, signal) => {
      for (const alert of alerts) {
        const { path, body } = opsgenieRequest(alert);
        const url = `${apiUrl.replace(/\/+$/, '')}${path}`;
        await postJson({ channel: name, url, headers, body, hidden: key }, signal);
      }
    },
  };
}

function opsgenieRequest(alert: AlertMessage): {
  readonly path: string;
  readonly body: object;
} {
  const { fingerprint: alias, labels, annotations } = alert;
  if (alert.status === 'resolved') {
    const path = `/v2/alerts/${encodeURIComponent(alias)}/close?identifierType=alias`;
    return { path, body: { source, note: `resolved at ${alert.endsAt}` } };
  }
  const { alertname = '', severity = '', ...row } = labels;
  const runbook = runbookOf(alert);
  const lines = [
    summaryOf(alert),
    annotations['description'] ?? '',
    rowOf(alert),
    ...(runbook === undefined ? [] : [runbook]),
  ];
  return {
    path: '/v2/alerts',
    body: {
      message: cut(summaryOf(alert), messageLengthMax),
      alias,
      description: cut(lines.filter((line) => line !== '').join('\n'), descriptionLengthMax),
      details: { ...row, rule: alertname, severity },
      tags: [alertname, severity].filter((tag) => tag !== '').map((tag) => cut(tag, tagLengthMax)),
      priority: severity === 'critical' ? 'P1' : 'P3',
      source,
    },
  };
}
