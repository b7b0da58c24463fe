/**
 * PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/):
 * `POST /v2/enqueue` answers 202. An alert of ours is one of PagerDuty's: `trigger` opens it and
 * `resolve` closes it by the same `dedup_key`, so that what is sent twice is one incident. Limits:
 * 1024 characters of `summary`, 255 of `dedup_key`.
 */
import type { AlertMessage } from '../message.ts';
import { cut, type OpenChannel, postJson } from './channel.ts';
import { rowOf, runbookOf, summaryOf } from './words.ts';

const usualApi = 'https://events.pagerduty.com';
const summaryLengthMax = 1024;

export function pagerdutyChannel(name: string, key: string, apiUrl = usualApi): OpenChannel {
  const url = `${apiUrl.replace(/\/+$/, '')}/v2/enqueue`;
  return {
    name,
    oneByOne: true,
    // One after the other: a trigger has to arrive before its resolve.
    send: async ({ alerts }, signal) => {
      for (const alert of alerts) {
        const body = pagerdutyEvent(key, alert);
        await postJson({ channel: name, url, body, hidden: key }, signal);
      }
    },
  };
}

function pagerdutyEvent(key: string, alert: AlertMessage): object {
  const dedup = { routing_key: key, dedup_key: alert.fingerprint };
  if (alert.status === 'resolved') return { ...dedup, event_action: 'resolve' };
  const { labels, annotations } = alert;
  const { alertname = '', severity, ...row } = labels;
  const runbook = runbookOf(alert);
  const component = row['service'] ?? row['workload'] ?? row['gateway'] ?? row['host'];
  return {
    ...dedup,
    event_action: 'trigger',
    client: 'obsctl',
    payload: {
      summary: cut(summaryOf(alert), summaryLengthMax),
      source: rowOf(alert) || 'obsctl',
      severity: severity === 'critical' ? 'critical' : 'warning',
      timestamp: alert.startsAt,
      class: alertname,
      ...(component !== undefined && { component }),
      custom_details: { ...row, description: annotations['description'] ?? '' },
    },
    ...(runbook !== undefined && { links: [{ href: runbook, text: 'Runbook' }] }),
  };
}
