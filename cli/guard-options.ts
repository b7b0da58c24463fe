/** The options of `obsctl gateway` that say who may send. */
import type { Command } from 'commander';
import { Problem } from '../core/problem.ts';
import { parseBytes } from '../core/units.ts';
import type { GatewayConfig } from '../gateway/config.ts';
import {
  isNetwork,
  isOriginPattern,
  networksMax,
  originsMax,
  tenantsMax,
} from '../gateway/guard/config.ts';
import { parseTenantSpec, tenantSpecForm } from '../gateway/guard/tenants.ts';
import type { Stack } from '../stack/types.ts';

export type GuardOptions = {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly credentials?: string;
  readonly adminCredentials?: string;
  readonly allowFrom?: string;
  readonly corsOrigins?: string;
  readonly tenant?: readonly string[];
};

/** Behind the other options, in one group of the help. */
export function addGuardOptions(command: Command): void {
  command
    .optionsGroup('Who may send (files are read again when they change):')
    .option('--tls-cert <file>', 'certificate of the OTLP listeners, PEM (default: none)')
    .option('--tls-key <file>', 'its key, PEM (default: none)')
    .option('--tls-client-ca <file>', 'authorities of senders: mutual TLS (default: none)')
    .option('--credentials <file>', 'who may send, lines of `obsctl token` (default: none)')
    .option('--admin-credentials <file>', 'the same for /metrics (default: none)')
    .option('--allow-from <list>', 'networks that may connect (default: everywhere)')
    .option('--cors-origins <list>', 'origins of pages that may send (default: none)')
    .option(
      '--tenant <limits>',
      `${tenantSpecForm}; several times; * for the others (default: no limits)`,
      (value: string, before: readonly string[] = []) => [...before, value],
    );
}

type GuardConfig = Pick<
  GatewayConfig,
  'tlsCertFile' | 'tlsKeyFile' | 'tlsClientCaFile' | 'credentialsFile' | 'adminCredentialsFile'
> & {
  readonly allowFrom: readonly string[] | undefined;
  readonly corsOrigins: readonly string[] | undefined;
  readonly tenants: GatewayConfig['tenants'] | undefined;
};

/** Undefined where nothing was given, so that the stack file's word stands. */
export function guardConfigOf(options: GuardOptions): GuardConfig {
  return {
    tlsCertFile: options.tlsCert,
    tlsKeyFile: options.tlsKey,
    tlsClientCaFile: options.tlsClientCa,
    credentialsFile: options.credentials,
    adminCredentialsFile: options.adminCredentials,
    allowFrom: listOf('--allow-from', options.allowFrom, isNetwork, networksMax, networkForm),
    corsOrigins: listOf('--cors-origins', options.corsOrigins, isOriginPattern, originsMax, origin),
    tenants: options.tenant === undefined ? undefined : tenantsOf(options.tenant),
  };
}

const networkForm = 'networks such as 10.0.0.0/8 or fd00::/8, with commas';
const origin = 'origins such as https://shop.example or https://*.shop.example, with commas';

function listOf(
  option: string,
  text: string | undefined,
  isRight: (entry: string) => boolean,
  countMax: number,
  expected: string,
): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.find((entry) => !isRight(entry));
  if (wrong !== undefined || entries.length > countMax) {
    const what = wrong === undefined ? `${entries.length} entries` : JSON.stringify(wrong);
    const at = `${option} ${what}: expected at most ${countMax} ${expected}`;
    throw new Problem('OBS-1003', at);
  }
  return entries;
}

function tenantsOf(specs: readonly string[]): GatewayConfig['tenants'] {
  const tenants = specs.map((spec) => {
    const parsed = parseTenantSpec(spec);
    if (parsed !== undefined) return parsed;
    throw new Problem('OBS-1003', `--tenant ${spec}: expected ${tenantSpecForm}`);
  });
  if (tenants.length > tenantsMax) {
    throw new Problem('OBS-1003', `--tenant: at most ${tenantsMax} tenants`);
  }
  return Object.fromEntries(tenants);
}

/**
 * What a stack file says of it. Its Secrets are a cluster's: here they are files, and a gateway
 * that should be guarded does not start without them.
 */
export function guardOfStack(
  { auth, tls, tenants, allow_from, cors_origins }: Stack['gateway'],
  options: GuardOptions,
): Partial<GatewayConfig> {
  if (auth !== undefined && options.credentials === undefined) {
    throw asFile('gateway.auth', '--credentials FILE');
  }
  if (tls !== undefined && options.tlsCert === undefined) {
    throw asFile('gateway.tls', '--tls-cert FILE --tls-key FILE');
  }
  if (tls?.client_ca_key !== undefined && options.tlsClientCa === undefined) {
    throw asFile('gateway.tls.client_ca_key', '--tls-client-ca FILE');
  }
  return {
    ...(allow_from !== undefined && { allowFrom: allow_from }),
    ...(cors_origins !== undefined && { corsOrigins: cors_origins }),
    ...(tenants !== undefined && {
      tenants: Object.fromEntries(
        Object.entries(tenants).map(([name, limits]) => [name, quotaOfStack(limits)]),
      ),
    }),
  };
}

function quotaOfStack(
  limits: NonNullable<Stack['gateway']['tenants']>[string],
): GatewayConfig['tenants'][string] {
  const { bytes_per_second: bytes, items_per_second: items, log_share: share } = limits;
  const { series: seriesMax, series_per_metric: seriesPerMetricMax } = limits;
  const bytesPerSecond = bytes === undefined ? undefined : parseBytes(bytes);
  return {
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(items !== undefined && { itemsPerSecond: items }),
    ...(share !== undefined && { logShare: share }),
    ...(seriesMax !== undefined && { seriesMax }),
    ...(seriesPerMetricMax !== undefined && { seriesPerMetricMax }),
  };
}

function asFile(key: string, options: string): Problem {
  const message = `${key} names a Secret of a cluster, and this gateway runs outside of one`;
  return new Problem('OBS-1003', message, { next: `Give the files: ${options}.` });
}
