/**
 * A webhook gets the payload of Alertmanager's webhook, version 4, which many receivers read
 * already (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
 */
import type { Labels } from '../../../dashboards/alerts/routing/routes.ts';
import type { AlertMessage } from '../message.ts';
import { type Notification, type OpenChannel, postJson } from './channel.ts';

export function webhookChannel(name: string, url: string): OpenChannel {
  return {
    name,
    send: (notification, signal) =>
      postJson({ channel: name, url, body: webhookPayload(name, notification) }, signal),
  };
}

/** The body of one request. */
function webhookPayload(receiver: string, { group, alerts }: Notification): object {
  const firing = alerts.some(({ status }) => status === 'firing');
  const values = Object.entries(group).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return {
    version: '4',
    groupKey: `{}:{${values.join(', ')}}`,
    truncatedAlerts: 0,
    status: firing ? 'firing' : 'resolved',
    receiver,
    groupLabels: group,
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts: alerts satisfies readonly AlertMessage[],
  };
}

/** What all of them have with the same value. */
function common([first = {}, ...others]: readonly Labels[]): Labels {
  const same = Object.entries(first).filter(([label, value]) =>
    others.every((labels) => labels[label] === value),
  );
  return Object.fromEntries(same);
}
