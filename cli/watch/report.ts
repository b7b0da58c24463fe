/** What `obsctl watch` prints of a round: for people, or as a JSON line. */
import { isProblem } from '../../core/problem.ts';
import type { Routing } from '../../dashboards/alerts/routing/config.ts';
import { destinationsOf, silenceOf } from '../../dashboards/alerts/routing/routes.ts';
import type { Round } from '../../jobs/watch/watch.ts';
import type { CliContext } from '../context.ts';

type AlertRow = {
  readonly rule: string;
  readonly state: 'pending' | 'firing';
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly since: string;
  /** Channels that its routes lead to, but for those that are muted now. */
  readonly channels: readonly string[];
  /** The mute timings that keep channels from being told now. */
  readonly muted?: readonly string[];
  /** Nobody is told until then. */
  readonly silenced?: { readonly until: string; readonly comment: string };
};

type Quiet = Pick<AlertRow, 'channels' | 'muted' | 'silenced'>;

type ReportOptions = { readonly once?: boolean; readonly json?: boolean };

export class Report {
  readonly #routing: Routing;
  readonly #options: ReportOptions;

  constructor(routing: Routing, options: ReportOptions) {
    this.#routing = routing;
    this.#options = options;
  }

  print(round: Round, context: CliContext): void {
    for (const line of errorLines(round)) context.stderr(`${line}\n`);
    if (this.#options.json === true) context.stdout(`${this.#json(round)}\n`);
    else for (const line of this.#lines(round)) context.stdout(`${line}\n`);
  }

  printRefusals(delivered: Pick<Round, 'refusals' | 'waiting'>, context: CliContext): void {
    for (const line of refusalLines(delivered)) context.stderr(`${line}\n`);
  }

  /** Whether a query or a channel failed. */
  failed({ refusals, found }: Round): boolean {
    return refusals.length > 0 || found.some(({ error }) => error !== undefined);
  }

  alertsOf(round: Round): readonly AlertRow[] {
    return round.found.flatMap(({ rule, alerts }) =>
      Object.values(alerts).map(({ state, labels, value, sinceMs }) => ({
        rule: rule.id,
        state,
        severity: rule.severity,
        labels,
        value,
        since: new Date(sinceMs).toISOString(),
        ...this.#quiet(round, { rule: rule.id, severity: rule.severity, ...labels }),
      })),
    );
  }

  #quiet({ silences, atMs }: Round, labels: AlertRow['labels']): Quiet {
    const destinations = destinationsOf(this.#routing, labels, atMs);
    const silence = silenceOf(silences, labels, atMs);
    const muted = destinations.flatMap(({ mutedBy }) => mutedBy ?? []);
    return {
      channels: destinations
        .filter(({ mutedBy }) => mutedBy === undefined)
        .map(({ channel }) => channel),
      ...(muted.length > 0 && { muted: [...new Set(muted)] }),
      ...(silence !== undefined && {
        silenced: { until: silence.ends_at, comment: silence.comment },
      }),
    };
  }

  /** Why nobody is told, or not everybody. */
  #quietText({ silenced, muted, channels }: Quiet): string {
    if (silenced !== undefined) return ` (silenced until ${silenced.until}: ${silenced.comment})`;
    if (muted !== undefined) return ` (muted: ${muted.join(', ')})`;
    return channels.length === 0 && this.#routing.routes.length > 0 ? ' (no route)' : '';
  }

  #json(round: Round): string {
    return JSON.stringify({
      at: new Date(round.atMs).toISOString(),
      rules: round.found.length,
      alerts: this.alertsOf(round),
      changes: round.changes,
      errors: errorLines(round),
      waiting: round.waiting,
    });
  }

  /** A watcher says what changed; a single look says what there is. */
  #lines(round: Round): readonly string[] {
    const at = new Date(round.atMs).toISOString();
    if (this.#options.once !== true) {
      return round.changes.map(({ status, labels, annotations }) => {
        const { alertname = '', ...rest } = labels;
        const quiet = this.#quietText(this.#quiet(round, { rule: alertname, ...rest }));
        return `${at} ${status} ${alertname}: ${annotations['summary']}${quiet}`;
      });
    }
    const rows = this.alertsOf(round).map((row) => {
      const { state, rule, labels, value } = row;
      const number = Number(value.toPrecision(4));
      const what = `${state.padEnd(8)} ${rule} ${JSON.stringify(labels)}`;
      return `${what} ${number}${this.#quietText(row)}`;
    });
    return rows.length === 0 ? [`${round.found.length} rules, nothing is over`] : rows;
  }
}

/** One line a channel and reason. */
function refusalLines({
  refusals,
  waiting,
}: Pick<Round, 'refusals' | 'waiting'>): readonly string[] {
  const texts = new Set(refusals.map(({ error }) => problemText(error)));
  return [...texts].map((text) => `${text}; ${waiting} messages wait`);
}

export function problemText(error: unknown): string {
  if (!isProblem(error)) return Error.isError(error) ? error.message : String(error);
  return `${error.code}: ${error.where === undefined ? '' : `${error.where}: `}${error.message}`;
}

/** Queries that fail for the same reason (no ClickHouse) are one line. */
function errorLines(round: Round): readonly string[] {
  const texts = new Map<string, string[]>();
  for (const { rule, error } of round.found) {
    if (error === undefined) continue;
    texts.set(problemText(error), [...(texts.get(problemText(error)) ?? []), rule.id]);
  }
  const lines = [...texts].map(([text, ids]) => `${ids.length} rules (${ids[0]}, …): ${text}`);
  return [...lines, ...refusalLines(round)];
}
