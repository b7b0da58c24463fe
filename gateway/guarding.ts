/**
 * The main thread's part of the guard: reads and follows its files, hands them to the workers, and
 * says in log and metrics what became of them.
 */
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { type CredentialBook, parseCredentials } from './guard/credentials.ts';
import {
  type GuardMaterial,
  type Kind,
  keepMaterial,
  type MaterialState,
} from './guard/material.ts';
import { createQuotaMemory } from './guard/quotas.ts';
import type { LaneLog } from './lane/lane-types.ts';
import type { Address } from './receive/listen.ts';
import { slotOf } from './telemetry/counters.ts';

/** What a worker starts with; plain data. */
export type GuardStart = {
  readonly material: GuardMaterial;
  readonly quotaMemory: SharedArrayBuffer;
  /**
   * With it the gateway's own report is let in, at a loopback port of its own: the listeners may
   * demand a certificate or come from networks that the gateway is not in. Absent: nothing is
   * guarded, and the report takes the way of everybody.
   */
  readonly ownSecret: string | undefined;
};

export type Guarding = Timer & {
  readonly start: () => GuardStart;
  /** Credentials of the admin listener. */
  readonly adminBook: () => CredentialBook | undefined;
  /** Fills in what only the main thread counts. */
  readonly write: (values: Float64Array) => void;
};

type Parts = {
  readonly clock: Clock;
  readonly log: LaneLog;
  /** Called with what the files hold now, after they have changed. */
  readonly onChange: (material: GuardMaterial) => void;
};

const ownSecretBytes = 32;

/** Throws a Problem when a file cannot be used. */
export function startGuarding(config: GatewayConfig, parts: Parts): Guarding {
  const keeper = keepMaterial(config, parts);
  const admin = keepAdminBook(config, parts);
  for (const text of openListeners(config)) parts.log('warn', text);
  const ownSecret = isGuarded(config) ? randomBytes(ownSecretBytes).toString('hex') : undefined;
  const quotaMemory = createQuotaMemory();
  return {
    start: () => ({ material: keeper.material, quotaMemory, ownSecret }),
    adminBook: admin.book,
    write: (values) => writeState(values, keeper.state()),
    cancel: () => {
      keeper.cancel();
      admin.cancel();
    },
  };
}

function isGuarded(config: GatewayConfig): boolean {
  const { tlsCertFile, credentialsFile, allowFrom } = config;
  return tlsCertFile !== undefined || credentialsFile !== undefined || allowFrom.length > 0;
}

function keepAdminBook(
  config: GatewayConfig,
  { clock, log }: Parts,
): Timer & { readonly book: () => CredentialBook | undefined } {
  const file = config.adminCredentialsFile;
  if (file === undefined) return { book: () => undefined, cancel: () => {} };
  const files = {
    tlsCertFile: undefined,
    tlsKeyFile: undefined,
    tlsClientCaFile: undefined,
    credentialsFile: file,
  };
  let book: CredentialBook | undefined;
  const onChange = ({ credentials }: GuardMaterial): void => {
    if (credentials !== undefined) book = parseCredentials(credentials, file);
  };
  const keeper = keepMaterial(files, { clock, log, onChange });
  onChange(keeper.material);
  return { book: () => book, cancel: () => keeper.cancel() };
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Listeners that any machine of the network may write to. */
function openListeners(config: GatewayConfig): readonly string[] {
  const { allowFrom, credentialsFile, tlsClientCaFile, tlsCertFile } = config;
  const places = [config.otlpGrpc, config.otlpHttp].filter(({ host }) => !loopback.test(host));
  if (places.length === 0) return [];
  const where = places.map(addressText).join(' and ');
  const hasIdentity = credentialsFile !== undefined || tlsClientCaFile !== undefined;
  if (!hasIdentity && allowFrom.length === 0) {
    return [
      `OTLP is taken on ${where} from anyone who reaches it; --credentials, --tls-client-ca or` +
        ' --allow-from say who may send (docs/guide/secure-the-gateway.md)',
    ];
  }
  if (credentialsFile === undefined || tlsCertFile !== undefined) return [];
  return [
    `credentials travel unencrypted to ${where}; give --tls-cert and --tls-key, unless` +
      ' something before the gateway ends TLS',
  ];
}

function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const kinds: readonly Kind[] = ['tls', 'credentials'];
const slots = kinds.map((kind) => ({
  kind,
  applied: slotOf('obsctl.gateway.guard.reloads', kind, 'applied'),
  refused: slotOf('obsctl.gateway.guard.reloads', kind, 'refused'),
  stale: slotOf('obsctl.gateway.guard.stale', kind),
}));
const notAfterSlot = slotOf('obsctl.gateway.tls.not_after');
const msPerSecond = 1000;

function writeState(values: Float64Array, state: MaterialState): void {
  for (const { kind, applied, refused, stale } of slots) {
    values[applied] = state.applied[kind];
    values[refused] = state.refused[kind];
    values[stale] = state.isStale[kind] ? 1 : 0;
  }
  values[notAfterSlot] = (state.certificateExpiresMs ?? 0) / msPerSecond;
}
