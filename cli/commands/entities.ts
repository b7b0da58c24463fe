/** `obsctl entities`: what runs where, from Kubernetes into ClickHouse and out again. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';
import type { EventsOptions, ListOptions } from '../entities/list.ts';

type WatchOptions = {
  readonly clickhouse?: string;
  readonly cluster: string;
  readonly kubeconfig?: string;
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly lease?: string;
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
  registerAsking(entities, context);
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
  const { recordEntities } = await import('../../jobs/metadata/record.ts');
  const { EntityStore } = await import('../../jobs/metadata/store.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const { kubeconfig, cluster, label: labels, annotation: annotations } = options;
  const api = await connectKubernetes(kubeconfig === undefined ? {} : { kubeconfig });
  const server = connectClickHouse({ url, env: context.env });
  const clock = systemClock;
  const random = (): number => Math.random();
  const record = async (signal: AbortSignal): Promise<void> => {
    context.stderr(`watching ${api.server} as cluster ${cluster}\n`);
    await recordEntities({
      kinds: watchedKinds,
      stream: (kind, from) => reflect(api, kind, { from, clock, signal, random }),
      store: new EntityStore(server, cluster),
      chosen: { labels, annotations },
      ...{ clock, signal },
      onTrouble: (text) => context.stderr(`${text}\n`),
      onWritten: (written) => {
        if (options.json === true) context.stdout(`${JSON.stringify(written)}\n`);
      },
    });
  };
  try {
    const { signal } = context;
    if (lease === undefined) await record(signal);
    else await holdLease(api, { ...lease, identity: identityOf(), clock, signal }, record);
  } finally {
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
