/**
 * An e-mail about one group of alerts: subject, text, HTML and the ids that make a thread of it.
 * Pure: the same alerts give the same e-mail.
 *
 * - `Message-ID` is made of what the e-mail tells, so that one that is sent again has the same.
 * - An alert has an id of its own, from when it fires until it is resolved. An e-mail about one
 *   that fires has just this id, and every e-mail names the ids of its alerts in `In-Reply-To` and
 *   `References` (RFC 5322, section 3.6.4): what is resolved stands below what fired.
 */
import { createHash } from 'node:crypto';
import type { Labels } from '../../../dashboards/alerts/routing/routes.ts';
import type { AlertMessage } from '../message.ts';
import { cut, type Notification } from './channel.ts';
import { type Html, html } from './html.ts';
import { headingOf, runbookOf, summaryOf } from './words.ts';

export type Email = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With angle brackets, as in a header. */
  readonly messageId: string;
  readonly references: readonly string[];
};

type Sender = {
  /** Name of the channel: the same alerts by another channel are another e-mail. */
  readonly channel: string;
  /** Right side of the ids. */
  readonly domain: string;
};

const subjectLengthMax = 200;
const textLengthMax = 500;
const alertsShownMax = 50;
const referencesMax = 20;
const idDigits = 32;

export function emailOf(notification: Notification, sender: Sender): Email {
  const { alerts } = notification;
  const [first] = alerts;
  const incidents = [...new Set(alerts.map((alert) => incidentId(alert, sender)))];
  const messageId =
    alerts.length === 1 && first?.status === 'firing'
      ? incidentId(first, sender)
      : messageIdOf(notification, sender);
  return {
    subject: subjectOf(notification),
    text: textOf(notification),
    html: htmlOf(notification).html,
    messageId,
    references: incidents.filter((id) => id !== messageId).slice(0, referencesMax),
  };
}

function incidentId({ fingerprint, startsAt }: AlertMessage, sender: Sender): string {
  return idOf([sender.channel, fingerprint, startsAt], sender);
}

function messageIdOf({ group, alerts }: Notification, sender: Sender): string {
  const told = alerts.map(({ fingerprint, startsAt, status, endsAt }) => [
    fingerprint,
    startsAt,
    status,
    endsAt,
  ]);
  return idOf([sender.channel, group, told], sender);
}

function idOf(content: readonly unknown[], { domain }: Sender): string {
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `<${digest.slice(0, idDigits)}@${domain}>`;
}

/** `[FIRING:2] critical: log-errors, web`, and of a single alert its summary. */
function subjectOf(notification: Notification): string {
  const { alerts } = notification;
  const [first] = alerts;
  const counts = (['firing', 'resolved'] as const)
    .map((status) => [status, alerts.filter((alert) => alert.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${status.toUpperCase()}:${count}`);
  const severities = alerts.map(({ labels }) => labels['severity'] ?? '');
  const severity = severities.includes('critical') ? 'critical' : (severities[0] ?? '');
  const what =
    alerts.length === 1 && first !== undefined
      ? summaryOf(first)
      : headingOf(notification).replace(/^[^:]*: /, '');
  const before = `[${counts.join(', ')}]${severity === '' ? '' : ` ${severity}:`}`;
  // A reader would decode an encoded word (RFC 2047) that a label brings: it is none with a space.
  return cut(oneLine(`${before} ${what}`).replaceAll('=?', '= ?'), subjectLengthMax);
}

function textOf(notification: Notification): string {
  const { shown, more } = shownOf(notification);
  const blocks = shown.map((alert) => {
    const { head, lines, labels, runbook } = partsOf(alert);
    return [
      head,
      ...lines.map((line) => `  ${line}`),
      ...Object.entries(labels).map(([label, value]) => `  ${label}: ${value}`),
      ...(runbook === undefined ? [] : [`  runbook: ${runbook}`]),
    ].join('\n');
  });
  return `${[oneLine(headingOf(notification)), ...blocks, ...more].join('\n\n')}\n`;
}

function htmlOf(notification: Notification): Html {
  const { shown, more } = shownOf(notification);
  return html`<!DOCTYPE html>
<html><body style="font-family: sans-serif">
<h2 style="font-size: 1.1em">${oneLine(headingOf(notification))}</h2>
${shown.map(alertHtml)}${more.map((words) => html`<p>${words}</p>\n`)}</body></html>
`;
}

function alertHtml(alert: AlertMessage): Html {
  const { head, lines, labels, runbook } = partsOf(alert);
  const color = alert.status === 'firing' ? '#c4162a' : '#37872d';
  const row = Object.entries(labels).map(([label, value]) => html`${label}: <b>${value}</b><br>\n`);
  return html`<div style="border-left: 4px solid ${color}; margin: 1em 0; padding-left: 1em">
<p><b>${head}</b></p>
<p>${lines.map((line) => html`${line}<br>\n`)}${row}</p>
${runbook === undefined ? [] : [runbookHtml(runbook)]}</div>
`;
}

/** A link only of what a browser may open from an e-mail. */
function runbookHtml(runbook: string): Html {
  if (!/^https?:/.test(runbook)) return html`<p>runbook: ${runbook}</p>\n`;
  return html`<p><a href="${runbook}">runbook</a></p>\n`;
}

function shownOf({ alerts }: Notification): {
  readonly shown: readonly AlertMessage[];
  readonly more: readonly string[];
} {
  const left = alerts.length - alertsShownMax;
  return { shown: alerts.slice(0, alertsShownMax), more: left > 0 ? [`and ${left} more`] : [] };
}

/** What both forms say of an alert, each text on one line. */
function partsOf(alert: AlertMessage): {
  readonly head: string;
  readonly lines: readonly string[];
  readonly labels: Labels;
  readonly runbook: string | undefined;
} {
  const { status, labels, annotations, startsAt, endsAt } = alert;
  const { alertname = '', severity = '', ...row } = labels;
  const title = annotations['title'] ?? alertname;
  const time = status === 'firing' ? `since ${startsAt}` : `from ${startsAt} to ${endsAt}`;
  const runbook = runbookOf(alert) ?? annotations['runbook'];
  const line = (text: string): string => cut(oneLine(text), textLengthMax);
  return {
    head: line([status.toUpperCase(), severity, summaryOf(alert)].filter(Boolean).join(' · ')),
    lines: [title, annotations['description'] ?? '', time].filter(Boolean).map(line),
    labels: Object.fromEntries(
      Object.entries({ rule: alertname, ...row }).map(([label, value]) => [label, line(value)]),
    ),
    runbook: runbook === undefined ? undefined : oneLine(runbook),
  };
}

/**
 * Without what ends a line or turns its direction: a label is text from outside, and may neither
 * begin a header nor a line of ours.
 */
function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}
