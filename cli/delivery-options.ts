/** The options of `obsctl gateway` that say how rows go to ClickHouse. */
import type { Command } from 'commander';
import { parseDurationMs } from '../core/units.ts';
import type { GatewayConfig } from '../gateway/config.ts';
import { parseInsertQuorum } from '../gateway/deliver/quorum.ts';
import { parseCount, parseOption } from './parse-option.ts';

export type DeliveryOptions = {
  readonly insertTimeout?: string;
  readonly insertQuorum?: string;
  readonly deliveryOrder?: string;
  readonly freshness?: string;
  readonly sealRows?: string;
};

type DeliveryConfig = {
  readonly [Key in
    | 'insertTimeoutMs'
    | 'insertQuorum'
    | 'deliveryOrder'
    | 'sealAgeMsMax'
    | 'sealRowsMax']: GatewayConfig[Key] | undefined;
};

export function addDeliveryOptions(command: Command): void {
  command
    .optionsGroup('How rows go to ClickHouse:')
    .option('--insert-timeout <duration>', 'how long one insert may take (default: 60s)')
    .option(
      '--insert-quorum <n>',
      'how many replicas must have an insert, or auto for more than half of them;' +
        " OBSCTL_INSERT_QUORUM (default: the server's own)",
    )
    .option(
      '--delivery-order <order>',
      'oldest or newest data first when ClickHouse was away (default: oldest)',
    )
    .option('--freshness <duration>', 'how soon rows can be queried (default: 1.5s)')
    .option('--seal-rows <n>', 'rows of one insert (default: 60000)');
}

/** Undefined where nothing was given. */
export function deliveryConfigOf(
  options: DeliveryOptions,
  env: Readonly<Record<string, string | undefined>>,
): DeliveryConfig {
  const { insertTimeout, insertQuorum, deliveryOrder, freshness, sealRows } = options;
  const [quorumName, quorum] =
    insertQuorum === undefined
      ? ['OBSCTL_INSERT_QUORUM', env['OBSCTL_INSERT_QUORUM']]
      : ['--insert-quorum', insertQuorum];
  const [seconds, replicas] = ['a duration such as 30s', 'a number of replicas, or auto'];
  return {
    insertTimeoutMs: parseOption('--insert-timeout', insertTimeout, parseDurationMs, seconds),
    insertQuorum: parseOption(quorumName, quorum, parseInsertQuorum, replicas),
    deliveryOrder: parseOption('--delivery-order', deliveryOrder, parseOrder, 'oldest or newest'),
    sealAgeMsMax: parseOption('--freshness', freshness, parseDurationMs, 'a duration such as 3s'),
    sealRowsMax: parseOption('--seal-rows', sealRows, parseCount, 'a number of rows'),
  };
}

function parseOrder(text: string): GatewayConfig['deliveryOrder'] | undefined {
  return text === 'oldest' || text === 'newest' ? text : undefined;
}
