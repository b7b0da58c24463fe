/** `obsctl entities`: what runs where, from Kubernetes into ClickHouse and out again. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { HostsOptions, ImportOptions } from '../entities/hosts.ts';
import type { EventsOptions, ListOptions } from '../entities/list.ts';

type WatchOptions = {
  readonly clickhouse?: string;
  readonly cluster: string;
  readonly kubeconfig?: string;
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly lease?: string;
  readonly hosts?: boolean;
  readonly livez?: string;
  readonly json?: boolean;
};

const many = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function registerEntities(program: Command, context: CliContext): void {
  const entities = program
    .command('entities')
    .description('record what runs where in Kubernetes, with its history');
  entities
    .command('watch')
    .description('watch an API server and keep the tables of entities true to it')
    .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or http://127.0.0.1:8123')
    .option('--cluster <name>', 'k8s.cluster.name of its rows', 'default')
    .option('--kubeconfig <file>', 'else KUBECONFIG, ~/.kube/config, or the service account')
    .option('--label <name>', 'a label that is kept; several times, * for all', many, [])
    .option('--annotation <name>', 'an annotation that is kept; several times', many, [])
    .option('--lease <namespace/name>', 'of several that run at once the holder alone writes')
    .option('--hosts', 'also the machines outside Kubernetes whose agents send to this ClickHouse')
    .option('--livez <host:port>', 'answers /livez there: 503 where it hangs')
    .option('--json', 'what was written as JSON, one line each time')
    .addHelpText(
      'after',
      '\nNamespaces, nodes, workloads, pods, Services, endpoint slices, ingresses, volumes, and\n' +
        'names and hashes of config maps. A kind that the service account may not see is said\n' +
        'and left out. Killed at any moment, the next one goes on where the tables end.\n' +
        '\nExamples:\n' +
        '  obsctl entities watch --cluster prod-eu --label team --label app.kubernetes.io/name\n' +
        '  obsctl query "SELECT Time, Description FROM otel.entity_events FINAL ORDER BY Time"\n',
    )
    .action((options: WatchOptions) => watch(options, context));
  registerHosts(entities, context);
  registerAsking(entities, context);
}

/** What no API server tells. */
function registerHosts(entities: Command, context: CliContext): void {
  const telling = (name: string, description: string): Command =>
    entities
      .command(name)
      .description(description)
      .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or the local one')
      .option('--json', 'what was written as JSON');
  telling('hosts', 'record machines outside Kubernetes, by what their agents send')
    .option('--watch', 'every minute until stopped')
    .addHelpText(
      'after',
      '\nA machine that was silent for a day has ended; it is not erased.\n' +
        '\nExamples:\n  obsctl entities hosts\n  obsctl entities hosts --watch\n',
    )
    .action(async (options: HostsOptions) => {
      const { hosts } = await import('../entities/hosts.ts');
      await hosts(options, context);
    });
  telling('import', 'record machines and other things from a list, CSV or JSON')
    .argument('<file>', 'with a column name, and id, kind, addresses, zone, …; others are labels')
    .option('--list <name>', 'name of the list; the file name without one')
    .addHelpText(
      'after',
      '\nThe same list again changes nothing; what is not in it any more has ended.\n' +
        '\nExamples:\n  obsctl entities import databases.csv\n' +
        '  obsctl entities import inventory.json --list cmdb\n',
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importList } = await import('../entities/hosts.ts');
      await importList(file, options, context);
    });
}

function registerAsking(entities: Command, context: CliContext): void {
  const asking = (name: string, description: string): Command =>
    entities
      .command(name)
      .description(description)
      .option('--clickhouse <url>', 'server and database; CLICKHOUSE_URL, or the local one')
      .option('--cluster <name>', 'of this cluster alone')
      .option('-n, --namespace <name>', 'of this namespace alone')
      .option('--limit <count>', 'at most so many', '1000')
      .option('--json', 'one JSON line each');
  asking('list', 'show what is there, or was there at a time')
    .argument('[type]', 'pods, nodes, workloads, services, volumes, …', 'pods')
    .option('--at <time>', 'as it was then, such as 2026-11-20T12:00:00Z')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl entities list nodes\n' +
        '  obsctl entities list pods -n shop --at 2026-11-20T12:00:00Z\n',
    )
    .action(async (type: string, options: ListOptions) => {
      const { list } = await import('../entities/list.ts');
      await list(type, options, context);
    });
  asking('events', 'show what happened to entities, the latest first')
    .argument('[name]', 'of an entity, or of the workload of pods')
    .option('--since <duration>', 'how far back', '1h')
    .option('--type <type>', 'created, deleted, recreated, image_changed, resized, …')
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl entities events checkout -n shop --since 24h\n' +
        '  obsctl entities events --type image_changed --json | jq .After\n',
    )
    .action(async (name: string | undefined, options: EventsOptions) => {
      const { events } = await import('../entities/list.ts');
      await events(name, options, context);
    });
}

async function watch(options: WatchOptions, context: CliContext): Promise<void> {
  const lease = leaseOf(options.lease);
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const { connectKubernetes } = await import('../../jobs/metadata/kubernetes/api.ts');
  const { watchedKinds } = await import('../../jobs/metadata/kubernetes/kinds.ts');
  const { holdLease } = await import('../../jobs/metadata/kubernetes/lease.ts');
  const { reflect } = await import('../../jobs/metadata/kubernetes/reflector.ts');
  const { followHosts } = await import('../../jobs/metadata/hosts/record.ts');
  const { Progress } = await import('../../jobs/metadata/progress.ts');
  const { recordEntities } = await import('../../jobs/metadata/record.ts');
  const { EntityStore } = await import('../../jobs/metadata/store.ts');
  const { serveLivez } = await import('../entities/livez.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { kubeconfig, cluster, label: labels, annotation: annotations } = options;
  const api = await connectKubernetes(kubeconfig === undefined ? {} : { kubeconfig });
  const server = connectClickHouse({ url, env: context.env });
  const clock = systemClock;
  const random = (): number => Math.random();
  const progress = new Progress(clock);
  const record = async (signal: AbortSignal): Promise<void> => {
    context.stderr(`watching ${api.server} as cluster ${cluster}\n`);
    const told = {
      onTrouble: (text: string) => context.stderr(`${text}\n`),
      onWritten: (written: object) => {
        if (options.json === true) context.stdout(`${JSON.stringify(written)}\n`);
      },
    };
    const beside =
      options.hosts === true ? followHosts(server, { clock, signal, ...told }) : undefined;
    await recordEntities({
      kinds: watchedKinds,
      stream: (kind, from) => reflect(api, kind, { from, clock, signal, random }),
      store: new EntityStore(server, cluster),
      chosen: { labels, annotations },
      ...{ clock, signal, progress, ...told },
    });
    await beside;
  };
  const livez =
    options.livez === undefined
      ? undefined
      : await serveLivez(options.livez, () => progress.faults());
  if (livez !== undefined) context.stderr(`health http://${livez.address}/livez\n`);
  try {
    const { signal } = context;
    if (lease === undefined) await record(signal);
    else await holdLease(api, { ...lease, identity: identityOf(), clock, signal }, record);
  } finally {
    livez?.close();
    await server.close();
  }
  if (context.signal.aborted) context.exitWith(0);
}

function leaseOf(text: string | undefined): { namespace: string; name: string } | undefined {
  if (text === undefined) return undefined;
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new Problem('OBS-1003', `--lease ${text}: expected NAMESPACE/NAME`);
}

/** A pod's name is its host name; two starts on one machine are two. */
function identityOf(): string {
  return `${hostname()}_${process.pid}`;
}
