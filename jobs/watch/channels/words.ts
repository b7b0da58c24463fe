/** What people read in a chat: one heading, and a few lines for each alert. */
import type { AlertMessage } from '../message.ts';
import type { Notification } from './channel.ts';

/** `2 firing, 1 resolved: gateway-dropped`. */
export function headingOf({ group, alerts }: Notification): string {
  const firing = alerts.filter(({ status }) => status === 'firing').length;
  const resolved = alerts.length - firing;
  const counts = [
    ...(firing > 0 ? [`${firing} firing`] : []),
    ...(resolved > 0 ? [`${resolved} resolved`] : []),
  ].join(', ');
  const names = [...new Set(alerts.map(({ labels }) => labels['alertname'] ?? ''))];
  const { rule: _, ...others } = group;
  const values = Object.values(others).filter((value) => value !== '');
  return `${counts}: ${[...names.slice(0, namesMax), ...values].join(', ')}`;
}

const namesMax = 5;

/** `service=shop, namespace=web`: the labels of its row. */
export function rowOf({ labels }: AlertMessage): string {
  const { alertname: _name, severity: _severity, ...row } = labels;
  return Object.entries(row)
    .map(([label, value]) => `${label}=${value}`)
    .join(', ');
}

export function summaryOf({ annotations, labels }: AlertMessage): string {
  return annotations['summary'] ?? labels['alertname'] ?? '';
}

/** Where its runbook can be read, when it is known. */
export function runbookOf({ annotations }: AlertMessage): string | undefined {
  return annotations['runbook_url'];
}
