/**
 * Which recipients already have what of a group: some may be told to wait while others take an
 * e-mail. It lives as long as the process; without it an e-mail goes to all, with the same id.
 *
 * What is added to the group meanwhile is a part of its own: an e-mail that some have is repeated
 * as it was.
 */
import type { Labels } from '../../../dashboards/alerts/routing/routes.ts';
import type { AlertMessage } from '../message.ts';

/** Alerts of one e-mail, who is to get it still, and how often that was tried. */
export type Part = {
  readonly alerts: readonly AlertMessage[];
  readonly to: readonly string[];
  readonly tries: number;
};

export class Parts {
  readonly #recipients: readonly string[];
  /** By group; only of groups of which somebody waits. */
  readonly #known = new Map<string, readonly Part[]>();

  constructor(recipients: readonly string[]) {
    this.#recipients = recipients;
  }

  /** In order: what was tried, and then all else for everybody. */
  of(group: Labels, alerts: readonly AlertMessage[]): readonly Part[] {
    const known = this.#known.get(keyOf(group)) ?? [];
    const tried = known.flatMap((part) => part.alerts);
    const isTried = tried.every((alert, index) => keyOf(alert) === keyOf(alerts[index]));
    const parts = isTried ? known : [];
    const rest = isTried ? alerts.slice(tried.length) : alerts;
    if (rest.length === 0) return parts;
    return [...parts, { alerts: rest, to: this.#recipients, tries: 0 }];
  }

  /** What is known from now on; nothing once nobody waits. */
  keep(group: Labels, parts: readonly Part[]): void {
    if (parts.some(({ to }) => to.length > 0)) this.#known.set(keyOf(group), parts);
    else this.#known.delete(keyOf(group));
  }
}

function keyOf(value: Labels | AlertMessage | undefined): string {
  return JSON.stringify(value);
}
