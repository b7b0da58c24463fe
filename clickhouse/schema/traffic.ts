/**
 * What traffic costs, as SQL over the minutes of flows, entities and prices: asked when somebody
 * looks, so there is no table of it, and dashboards and `obsctl cost traffic` ask the same. The
 * prices of the package are here as both need them.
 *
 *     flow_minutes ─▶ sides with names and zones ─▶ charges, each of one payer ─▶ prices
 *
 * Who sends pays what leaves to the internet; nobody pays what comes in. Between zones the sender
 * pays, and where a provider charges both directions the receiver pays as well.
 */
import { nameOf, quoteText } from '../sql.ts';
import { costHours, costPrices } from './costs.ts';
import { hosts, nodes, pods, services } from './entities.ts';
import { flowMinutes } from './flows.ts';

/** In `cost_prices`: of traffic. */
export const trafficLayer = 3;

/** What month these list prices are said to be of; part of every figure's source. */
const pricesDate = '2025-06';

export type TrafficPrice = {
  readonly provider: string;
  /** Of 10⁹ bytes, US dollars: what the sender pays, the receiver, and for the internet. */
  readonly zones: string;
  readonly zonesReceived: string;
  readonly internet: string;
  readonly source: string;
};

const packaged = (
  provider: string,
  zones: string,
  zonesReceived: string,
  internet: string,
): TrafficPrice => ({
  ...{ provider, zones, zonesReceived, internet },
  source: `default ${provider} ${pricesDate}`,
});

/**
 * First steps of the list prices, without what is free each month. Like those of machines they
 * were not compared with the providers' pages since: a price file is better.
 */
export const trafficPrices: readonly TrafficPrice[] = [
  // https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer: 0.01 in each direction.
  packaged('aws', '0.01', '0.01', '0.09'),
  // https://cloud.google.com/vpc/network-pricing: the sender alone; premium tier.
  packaged('gcp', '0.01', '0', '0.12'),
  // https://azure.microsoft.com/pricing/details/bandwidth/: nothing between zones.
  packaged('azure', '0', '0', '0.087'),
  // Anywhere else, and networks of one's own: as aws, which machines are, too.
  packaged('other', '0.01', '0.01', '0.09'),
];

/** A provider's name for a node, by how clouds write its id. */
export const providerOf = `multiIf(startsWith(ProviderId, 'aws://'), 'aws',
        startsWith(ProviderId, 'gce://'), 'gcp', startsWith(ProviderId, 'azure://'), 'azure',
        'other')`;

/** A condition on rows of `cost_prices`: of each file those of its last load. */
export function currentOnly(table: string): string {
  return `(Source, Loaded) IN (SELECT Source, max(Loaded) FROM ${table} GROUP BY Source)`;
}

export type TrafficRange = {
  /** Without one, that of the session. */
  readonly database?: string;
  /** Expressions; the end is not included. */
  readonly from: string;
  readonly to: string;
  /** On `cluster`. */
  readonly filter?: string;
};

/**
 * The body of a WITH clause that defines `charges`, a row an hour, payer, zone of it and kind:
 * `hour`, `cluster`, `namespace`, `workload`, `zone`, `team`, `kind` (`internet`, `zones`,
 * `zones_received`), `bytes`, `price`, `currency`, `source`.
 */
export function withTraffic(range: TrafficRange): string {
  const { from, to, filter = '1' } = range;
  const table = tableIn(range);
  const flows = table(flowMinutes.name);
  const teams = `SELECT toString(Cluster) AS ofCluster, toString(Namespace) AS ofNamespace,
        toString(Workload) AS ofWorkload, argMax(toString(Team), Time) AS ofTeam
      FROM ${table(costHours.name)}
      WHERE Kind = 'pod' AND Time >= toStartOfHour(${from}) AND Time < ${to}
      GROUP BY ofCluster, ofNamespace, ofWorkload`;
  const fits = "one -> one.1 IN ('', provider) AND one.2 IN ('', region)";
  return `machines AS (
      SELECT toString(Cluster) AS cluster, Name AS node, max(ValidFrom) AS last,
        argMax(toString(Zone), ValidFrom) AS zone, argMax(toString(Region), ValidFrom) AS region,
        argMax(${providerOf}, ValidFrom) AS provider
      FROM ${table(nodes.name)} FINAL WHERE ${validIn(range)} GROUP BY cluster, node
    ),
    clusters AS (
      SELECT cluster AS watched, argMax((provider, region), last) AS main,
        mapFromArrays(groupArray(zone), groupArray((provider, region))) AS places
      FROM machines GROUP BY watched
    ),
    known AS (
      ${knownAddresses(range)}
    ),
    sides AS (
      SELECT toStartOfHour(seen.Time) AS hour, seen.Cluster AS ofCluster,
        if(ofCluster = '', (SELECT if(count() = 1, any(watched), '') FROM clusters), ofCluster)
          AS cluster,
        ${sideOf('Source')} AS source,
        ${sideOf('Destination')} AS destination,
        seen.SourceBytes AS sent, seen.DestinationBytes AS answered
      FROM (SELECT * FROM ${flows} WHERE Time >= ${from} AND Time < ${to}) AS seen
        LEFT JOIN known AS knownSource ON knownSource.Address = seen.SourceAddress
        LEFT JOIN known AS knownDestination
          ON knownDestination.Address = seen.DestinationAddress
    ),
    charged AS (
      SELECT hour, cluster, charge.1 AS kind, charge.2.1 AS namespace, charge.2.2 AS workload,
        charge.2.3 AS zone, sum(toUInt128(charge.3)) AS bytes
      FROM (
        SELECT hour, cluster, arrayJoin(arrayConcat(${chargesOf('source', 'destination', 'sent')},
          ${chargesOf('destination', 'source', 'answered')})) AS charge
        FROM sides WHERE ${filter}
      )
      WHERE charge.3 > 0 GROUP BY hour, cluster, kind, namespace, workload, zone
    ),
    charges AS (
      SELECT hour, cluster, namespace, workload, zone, if(ofTeam = '', '–', ofTeam) AS team, kind,
        bytes, if(empty(places), ('other', ''), if(mapContains(places, zone), places[zone], main))
          AS place, place.1 AS provider, place.2 AS region,
        arrayFirst(${fits}, ${rulesArray(table(costPrices.name))}) AS rule,
        multiIf(kind = 'internet', rule.5, kind = 'zones', rule.3, rule.4) AS price,
        rule.6 AS currency, rule.7 AS source
      FROM charged LEFT JOIN clusters ON charged.cluster = clusters.watched
        LEFT JOIN (${teams}) AS team ON charged.cluster = team.ofCluster
          AND charged.namespace = team.ofNamespace AND charged.workload = team.ofWorkload
    )`;
}

/** What charges with a condition cost, in all: cut off once, after the twelfth decimal. */
export function amountOf(condition: string): string {
  const exact = `sumIf(toDecimal256(bytes, 0) * price, ${condition})`;
  return `toDecimal128(${exact} / toDecimal256(1000000000, 0), 12)`;
}

const tableIn =
  ({ database }: TrafficRange) =>
  (name: string): string =>
    database === undefined ? name : `${nameOf(database)}.${name}`;

const validIn = ({ from, to }: TrafficRange): string => `ValidTo > ${from} AND ValidFrom < ${to}`;

/** Who had an address, when, and in which zone; what has no cluster is known in each. */
function knownAddresses(range: TrafficRange): string {
  const table = tableIn(range);
  const of = (name: string, namespace: string, workload: string, zone: string): string =>
    `SELECT toString(entity.Cluster) AS Cluster, arrayJoin(Addresses) AS Address, ValidFrom,
          ValidTo, ${namespace} AS namespace, ${workload} AS workload, ${zone} AS zone
        FROM (SELECT * FROM ${table(name)} FINAL WHERE ${validIn(range)}) AS entity`;
  const workload = "if(Workload = '', Name, toString(Workload))";
  const ofPods = `${of(pods.name, 'toString(Namespace)', workload, 'machines.zone')}
        LEFT JOIN machines ON toString(entity.Cluster) = machines.cluster
          AND toString(entity.Node) = machines.node`;
  const all = [
    ofPods,
    of(services.name, 'toString(Namespace)', 'Name', "''"),
    of(nodes.name, "''", 'Name', 'toString(Zone)'),
    of(hosts.name, "''", 'Name', 'toString(Zone)'),
  ];
  return `SELECT Address, groupArray((Cluster, ValidFrom, ValidTo, namespace, workload, zone))
        AS names
      FROM (
        ${all.join('\n        UNION ALL ')}
      )
      WHERE Address != '' GROUP BY Address`;
}

/** `namespace`, `workload`, `zone`, and whether it is on the internet. */
function sideOf(side: 'Source' | 'Destination'): string {
  const of = (column: string): string => `toString(seen.${side}${column})`;
  const [workload, address] = [of('Workload'), of('Address')];
  const zone = of('Zone');
  const found = `arrayFirst(one -> one.1 IN ('', cluster) AND one.2 <= seen.Time
          AND one.3 > seen.Time, known${side}.names)`;
  const named = `if(${address} = '', '–', ${address})`;
  return `multiIf(${workload} != '', (${of('Namespace')}, ${workload}, ${zone}, toUInt8(0)),
          (${found} AS found${side}).5 != '', (found${side}.4, found${side}.5,
            if(${zone} = '', found${side}.6, ${zone}), toUInt8(0)),
          (${of('Namespace')}, ${named}, ${zone}, ${isInternet(address)}))`;
}

/** Nobody's on the internet: RFC 1918, 6598, 3927, 4193, 4291, loopback, groups, no address. */
const inside = [
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
  ...['127.0.0.0/8', '0.0.0.0/8', '224.0.0.0/3', 'fc00::/7', 'fe80::/10', 'ff00::/8', '::/127'],
];

function isInternet(written: string): string {
  // An address of version 4 may be written as one of version 6.
  const mapped = `startsWith(lower(${written}), '::ffff:') AND isIPv4String(substr(${written}, 8))`;
  const address = `if(${mapped}, substr(${written}, 8), ${written})`;
  const isAddress = `(isIPv4String(${address}) OR isIPv6String(${address}))`;
  // The function fails on a text that is no address, also behind a condition.
  const safe = `if(${isAddress}, ${address}, '127.0.0.1')`;
  const networks = inside.map(quoteText).join(', ');
  return `toUInt8(NOT arrayExists(net -> isIPAddressInRange(${safe}, net), [${networks}]))`;
}

/** What one direction is charged for: the kind, who pays, and how many bytes. */
function chargesOf(sender: string, receiver: string, bytes: string): string {
  const out = `${receiver}.4 = 1 AND ${sender}.4 = 0`;
  const crosses =
    `${sender}.4 = 0 AND ${receiver}.4 = 0 AND ${sender}.3 != '' AND ${receiver}.3 != ''` +
    ` AND ${sender}.3 != ${receiver}.3`;
  return `[('internet', ${sender}, if(${out}, ${bytes}, 0)),
            ('zones', ${sender}, if(${crosses}, ${bytes}, 0)),
            ('zones_received', ${receiver}, if(${crosses}, ${bytes}, 0))]`;
}

/** Rules for traffic, the strongest first: files, those that say more first; then the package. */
function rulesArray(table: string): string {
  const price = (text: string): string => `toDecimal128('${text}', 12)`;
  const weight = "(Region != '') * 2 + (Provider != '')";
  const own = trafficPrices.map(({ provider, zones, zonesReceived, internet, source }) => {
    // What is true of any other provider is true of all that nothing better is known of.
    const name = provider === 'other' ? '' : provider;
    const prices = [zones, zonesReceived, internet].map(price).join(', ');
    const rule = `tuple('${name}', '', ${prices}, 'USD', '${source}')`;
    return `tuple(0, ${name === '' ? 0 : 1}, toInt64(0), 0, ${rule})`;
  });
  return `(SELECT arrayMap(one -> one.5, arrayReverseSort(one -> (one.1, one.2, one.3, one.4),
          arrayConcat(groupArray(tuple(toUInt8(1), toUInt8(${weight}),
            toUnixTimestamp64Milli(Loaded), toUInt32(Position), tuple(toString(Provider),
            toString(Region), ZonePrice, ZoneReceivedPrice, InternetPrice, toString(Currency),
            concat('file: ', Source)))), [${own.join(',\n            ')}])))
        FROM ${table} FINAL WHERE Layer = ${trafficLayer} AND ${currentOnly(table)})`;
}
