/**
 * An alert as it is told, in the words of Alertmanager. It is known by its fingerprint and its
 * start, so that one that comes twice is recognised.
 */
import { createHash } from 'node:crypto';
import { type Change, summaryOf } from '../../dashboards/alerts/evaluate.ts';
import type { Labels } from '../../dashboards/alerts/routing/routes.ts';
import type { AlertRule } from '../../dashboards/alerts/rule.ts';

/** One alert of a message. */
export type AlertMessage = {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339; the end of an alert that fires is {@link noEnd}. */
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
};

/** Go's zero time, as Alertmanager writes it. */
const noEnd = '0001-01-01T00:00:00Z';
const fingerprintDigits = 16;

export function messageOf(
  rule: AlertRule,
  change: Change,
  runbooksUrl: string | undefined,
): AlertMessage {
  const labels = { alertname: rule.id, severity: rule.severity, ...change.labels };
  const page = `${rule.runbook}.md`;
  return {
    status: change.what,
    labels,
    annotations: {
      title: rule.title,
      summary: summaryOf(rule, change),
      description: rule.description,
      ...(runbooksUrl === undefined
        ? { runbook: `docs/runbooks/${page}` }
        : { runbook_url: `${runbooksUrl.replace(/\/$/, '')}/${page}` }),
    },
    ...times(change),
    generatorURL: '',
    fingerprint: fingerprintOf(labels),
  };
}

/** For an alert whose rule this version, or this stack file, no longer has. */
export function forgottenMessage(ruleId: string, change: Change): AlertMessage {
  const labels = { alertname: ruleId, ...change.labels };
  const annotations = { summary: `the rule ${ruleId} is no longer watched` };
  const fingerprint = fingerprintOf(labels);
  return {
    status: 'resolved',
    labels,
    annotations,
    ...times(change),
    generatorURL: '',
    fingerprint,
  };
}

/** What a rule's route is chosen by: `rule` and not the `alertname` of a message. */
export function labelsOf({ labels: { alertname = '', ...rest } }: AlertMessage): Labels {
  return { rule: alertname, ...rest };
}

/** The end of an alert that was told as firing. */
export function resolvedMessage(alert: AlertMessage, atMs: number): AlertMessage {
  return { ...alert, status: 'resolved', endsAt: new Date(atMs).toISOString() };
}

function times({ what, sinceMs, atMs }: Change): Pick<AlertMessage, 'startsAt' | 'endsAt'> {
  const startsAt = new Date(sinceMs).toISOString();
  return { startsAt, endsAt: what === 'firing' ? noEnd : new Date(atMs).toISOString() };
}

/** Of the rule and the labels of its row: the severity of a rule may change while it fires. */
function fingerprintOf({ severity: _, ...labels }: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
  return digest.slice(0, fingerprintDigits);
}
