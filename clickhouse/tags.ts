/**
 * The views of `clickhouse/schema/tags.ts` as SQL. A column of a view is counted only in queries
 * that name it, and a filter on the columns of the table reads its index as without the view.
 *
 * Fallback orders of service and instance are DeepFlow's, with the sender's own word first.
 */
import { createHash } from 'node:crypto';
import { fullName, onCluster } from './cluster.ts';
import { type LookupOptions, lookUp } from './lookups.ts';
import { entityPositions } from './schema/entities.ts';
import {
  type AttributeOf,
  addressLookup,
  containerLookup,
  type LookupDef,
  nodeLookup,
  podLookup,
  podServiceLookup,
} from './schema/lookups.ts';
import {
  defaultOwners,
  labelOf,
  type OwnerAttribute,
  type Owners,
  ownerLookup,
} from './schema/owners.ts';
import type { OwnTag, PeerTag, TaggedView } from './schema/tags.ts';
import { quoteText } from './sql.ts';

type Expressions<Tag extends string> = Readonly<Record<Tag, string>>;

/** Asks a lookup for a key, at the time of the row. */
type Ask = <Lookup extends LookupDef>(
  lookup: Lookup,
  attribute: AttributeOf<Lookup>,
  ...key: readonly string[]
) => string;

const resource = (name: string): string => `ResourceAttributes['${name}']`;

/** The first that is not empty. */
const first = (...values: readonly string[]): string =>
  `coalesce(${values.map((value) => `nullIf(${value}, '')`).join(', ')}, '')`;

const hashDigits = 12;

/** Networks that are nobody's on the internet: RFC 1918, 6598, 3927, 4193, 4291, loopback. */
const privateNetworks = [
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
  ...['127.0.0.0/8', 'fc00::/7', 'fe80::/10', '::1/128'],
];

/** `internet` for an address of it, else the empty text. */
function internet(address: string): string {
  const isAddress = `(isIPv4String(${address}) OR isIPv6String(${address}))`;
  // The function fails on a text that is no address, also behind a condition.
  const safe = `if(${isAddress}, ${address}, '127.0.0.1')`;
  const inside = `arrayExists(net -> isIPAddressInRange(${safe}, net), [${privateNetworks
    .map(quoteText)
    .join(', ')}])`;
  return `if(${isAddress} AND NOT ${inside}, 'internet', '')`;
}

/** An address in front of a port: `10.0.3.7:8080`, `[fd00::7]:8080`. */
const addressOf = (text: string): string =>
  `extract(${text}, '^\\\\[?([0-9a-fA-F.:]+?)\\\\]?:[0-9]+$')`;

const workloadAttributes = {
  Deployment: 'k8s.deployment.name',
  StatefulSet: 'k8s.statefulset.name',
  DaemonSet: 'k8s.daemonset.name',
  CronJob: 'k8s.cronjob.name',
  Job: 'k8s.job.name',
} as const;

/** Of the first of these attributes that is there: its kind, its name; else what is looked up. */
function workload(what: 'kind' | 'name', lookedUp: string): string {
  const cases = Object.entries(workloadAttributes).map(([kind, name]) => {
    const value = resource(name);
    return `${value} != '', ${what === 'kind' ? quoteText(kind) : value}`;
  });
  return `multiIf(${cases.join(', ')}, ${lookedUp})`;
}

const executable = resource('process.executable.name');
const pid = resource('process.pid');
/** `nginx 4711`. */
const process = `if(${executable} = '', '', trim(concat(${executable}, ' ', ${pid})))`;

/**
 * By the pod's own labels, then by the workload, the namespace, and the table of owners, which
 * knows no cluster.
 */
function owned(ask: Ask, owners: Owners): Expressions<OwnerAttribute> {
  const lookup = ownerLookup(owners);
  const none = "''";
  const keys = [
    ...[['Cluster', 'Namespace', 'Workload'] as const, ['Cluster', 'Namespace', none] as const],
    ...[[none, 'Namespace', 'Workload'] as const, [none, none, 'Workload'] as const],
    ...[[none, none, 'Service'] as const, [none, 'Namespace', none] as const],
  ];
  const said = (attribute: OwnerAttribute): string =>
    first(
      labelOf('PodLabels', owners.labels[attribute]),
      ...keys.map((key) => ask(lookup, attribute, ...key)),
    );
  return { Team: said('Team'), Owner: said('Owner'), CostCenter: said('CostCenter') };
}

function own(ask: Ask, owners: Owners): Expressions<OwnTag> {
  const byAddress = (attribute: AttributeOf<typeof addressLookup>) =>
    ask(addressLookup, attribute, 'Cluster', 'Address');
  const byPod = (attribute: AttributeOf<typeof podLookup>) => ask(podLookup, attribute, 'PodId');
  const byNode = (attribute: AttributeOf<typeof nodeLookup>) =>
    ask(nodeLookup, attribute, 'Cluster', 'Node');
  const container = resource('container.id');
  const isPod = `${byAddress('Type')} = 'Pod'`;
  const isNamed = `ServiceName != '' AND NOT startsWith(ServiceName, 'unknown_service')`;
  return {
    Cluster: first(resource('k8s.cluster.name'), 'only_cluster'),
    Address: first(
      ...[resource('k8s.pod.ip'), resource('server.address')],
      addressOf(resource('service.instance.id')),
      `JSONExtractString(${resource('host.ip')}, 1)`,
    ),
    PodId: first(
      resource('k8s.pod.uid'),
      ask(containerLookup, 'Pod', container),
      `if(${isPod}, ${byAddress('Id')}, '')`,
    ),
    Namespace: first(resource('k8s.namespace.name'), byPod('Namespace')),
    Pod: first(resource('k8s.pod.name'), byPod('Name')),
    Container: first(resource('k8s.container.name'), ask(containerLookup, 'Container', container)),
    WorkloadKind: workload('kind', byPod('WorkloadKind')),
    Workload: workload('name', byPod('Workload')),
    Node: first(resource('k8s.node.name'), byPod('Node'), byAddress('Node')),
    Zone: first(resource('cloud.availability_zone'), byNode('Zone')),
    Region: first(resource('cloud.region'), byNode('Region')),
    Service: first(
      ...[`if(${isNamed}, ServiceName, '')`, ask(podServiceLookup, 'Service', 'PodId')],
      ...['Workload', executable, resource('k8s.cluster.name')],
      ...[resource('host.name'), internet('Address'), 'Address'],
    ),
    Instance: first(
      ...['Pod', process, 'Node', resource('host.name'), internet('Address'), 'Address'],
    ),
    PodLabels: `JSONExtract(${byPod('Labels')}, 'Map(String, String)')`,
    ...owned(ask, owners),
  };
}

function peers(ask: Ask): Expressions<PeerTag> {
  const span = (name: string): string => `SpanAttributes['${name}']`;
  const by = (attribute: AttributeOf<typeof addressLookup>) =>
    ask(addressLookup, attribute, 'Cluster', 'PeerAddress');
  const isCall = `SpanKind IN ('Client', 'Producer')`;
  const isService = `PeerType = 'Service'`;
  return {
    PeerAddress: first(
      ...['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip'].map(span),
      `if(${isCall}, ${span('server.address')}, ${span('client.address')})`,
    ),
    PeerType: first(by('Type'), internet('PeerAddress')),
    PeerNamespace: by('Namespace'),
    PeerPod: `if(PeerType = 'Pod', ${by('Name')}, '')`,
    PeerWorkloadKind: by('WorkloadKind'),
    PeerWorkload: by('Workload'),
    PeerNode: by('Node'),
    PeerZone: ask(nodeLookup, 'Zone', 'Cluster', 'PeerNode'),
    PeerService: first(
      `if(${isService}, ${by('Name')}, '')`,
      `if(PeerType = 'Pod', ${ask(podServiceLookup, 'Service', by('Id'))}, '')`,
      ...['PeerWorkload', 'PeerNode', internet('PeerAddress'), 'PeerAddress'],
    ),
  };
}

/** The query of a view. */
function selectOf({ table, time, hasPeers }: TaggedView, options: LookupOptions): string {
  const { database, owners = defaultOwners } = options;
  const ask: Ask = (lookup, attribute, ...key) => lookUp(lookup, attribute, key, time, database);
  const tags = { ...own(ask, owners), ...(hasPeers && peers(ask)) };
  const columns = Object.entries(tags).map(([name, value]) => `    ${value} AS ${name}`);
  const clusters = fullName(database, entityPositions.name);
  return [
    `WITH (SELECT if(uniqExact(Cluster) = 1, any(Cluster), '') FROM ${clusters}) AS only_cluster`,
    'SELECT *,',
    columns.join(',\n'),
    `FROM ${fullName(database, table.name)}`,
  ].join('\n');
}

/** What the comment of a view ends with when it is as declared. */
export function taggedMark(view: TaggedView, options: LookupOptions): string {
  const columns = view.table.columns.map(({ name }) => name);
  const text = JSON.stringify([selectOf(view, options), columns]);
  return `obsctl ${createHash('sha256').update(text).digest('hex').slice(0, hashDigits)}`;
}

/** Makes the view, also in the place of another one; the lookups must be there. */
export function createTagged(view: TaggedView, options: LookupOptions): string {
  const { database, cluster } = options;
  const comment = `${view.table.name} with what each row was of; ${taggedMark(view, options)}`;
  return [
    `CREATE OR REPLACE VIEW ${fullName(database, view.name)}${onCluster(cluster)}`,
    `AS ${selectOf(view, options)}`,
    `COMMENT ${quoteText(comment)}`,
  ].join('\n');
}
