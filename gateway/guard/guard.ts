/**
 * Who may send: asked with the address of a connection before anything is read, and with the
 * headers of a request before its body is. Both functions know neither HTTP nor gRPC, so that every
 * server calls the same ones.
 *
 * Allocations: none a request without credentials; with them the parts of one header and a hash.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RefusalReason } from '../receive/counters.ts';
import { type RpcStatus, rpcCode } from '../receive/status.ts';
import { type CredentialBook, type Found, parseCredentials } from './credentials.ts';
import type { GuardMaterial } from './material.ts';
import { type Networks, networksOf } from './networks.ts';
import { type Overdrawn, Quotas } from './quotas.ts';
import type { TenantQuotas } from './tenants.ts';

/** The other end of a connection. */
export type Peer = {
  readonly address: string | undefined;
  /** Of its verified certificate, see `certificateNamesOf`; empty without one. */
  readonly certificateNames: readonly string[];
};

export type CheckedHeaders = Pick<IncomingHttpHeaders, 'authorization'>;

export type Denial = {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly httpStatus: 401 | 403 | 429 | 503;
  readonly status: RpcStatus;
};

export type Verdict = { readonly ok: true; readonly tenant: string } | Denial;

export type Guard = {
  /** Whether a connection from there may be read at all. */
  readonly admitsAddress: (address: string | undefined) => boolean;
  /** Whether the request is let in, and whose data it brings. */
  readonly check: (headers: CheckedHeaders, peer: Peer) => Verdict;
  /** A request came in whole; bytes are counted after inflating. */
  readonly received: (tenant: string, bytes: number) => void;
  /** Its items are known. */
  readonly decoded: (tenant: string, items: number) => void;
};

/** ClickHouse takes a seal a second when it is there. */
const shareRetryAfterSeconds = 5;

const nobody: Verdict = { ok: true, tenant: '' };

/** Lets everybody in. */
export const openGuard: Guard = {
  admitsAddress: () => true,
  check: () => nobody,
  received: () => {},
  decoded: () => {},
};

/** Lets in only who knows `secret`: the gateway's own report. */
export function ownGuard(secret: string): Guard {
  const expected = Buffer.from(`Bearer ${secret}`);
  return {
    ...openGuard,
    check: ({ authorization }) => {
      const given = Buffer.from(authorization ?? '');
      const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
      return isOurs ? nobody : denial({ ok: false, reason: 'bad_credentials' }, true);
    },
  };
}

/** What a 401 over HTTP says of how to do better (RFC 9110, 11.6.1). */
export const challenge = 'Bearer realm="obsctl", Basic realm="obsctl"';

export type GuardOptions = {
  readonly allowFrom: readonly string[];
  readonly tenants: TenantQuotas;
  readonly material: GuardMaterial;
  /** Shared by all workers, see `createQuotaMemory`. */
  readonly quotaMemory: SharedArrayBuffer;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** Monotonic and the same in all threads. */
  readonly nowNs: () => bigint;
  /** How many bytes of the log a tenant may fill, when it has filled them. */
  readonly shareFullAt?: (tenant: string) => number | undefined;
};

export class SenderGuard implements Guard {
  readonly #networks: Networks;
  readonly #quotas: Quotas;
  readonly #options: GuardOptions;
  #book: CredentialBook | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#networks = networksOf(options.allowFrom);
    this.#quotas = new Quotas(options.tenants, options.quotaMemory, options.nowNs);
    this.update(options.material);
  }

  /** The files have changed. */
  update({ credentials, tenants }: GuardMaterial): void {
    this.#book = credentials === undefined ? undefined : parseCredentials(credentials, '');
    this.#quotas.setTenants(credentials === undefined ? ['', ...tenants] : tenants);
  }

  admitsAddress(address: string | undefined): boolean {
    return this.#networks.has(address);
  }

  check(headers: CheckedHeaders, peer: Peer): Verdict {
    const tenant = this.#identify(headers, peer);
    if (typeof tenant !== 'string') return tenant;
    const overdrawn = this.#quotas.overdrawn(tenant);
    if (overdrawn !== undefined) return overQuota(tenant, overdrawn);
    const fullAt = this.#options.shareFullAt?.(tenant);
    if (fullAt !== undefined) return shareIsFull(tenant, fullAt);
    return tenant === '' ? nobody : { ok: true, tenant };
  }

  received(tenant: string, bytes: number): void {
    this.#quotas.takeBytes(tenant, bytes);
  }

  decoded(tenant: string, items: number): void {
    this.#quotas.takeItems(tenant, items);
  }

  #identify(headers: CheckedHeaders, peer: Peer): string | Denial {
    const book = this.#book;
    if (book === undefined) return '';
    const nowMs = this.#options.nowMs();
    const { authorization } = headers;
    // A header goes first: a sidecar's certificate may carry the requests of several senders.
    const isByHeader = authorization !== undefined || peer.certificateNames.length === 0;
    const found = isByHeader
      ? book.findHeader(authorization, nowMs)
      : book.findCertificate(peer.certificateNames, nowMs);
    return found.ok ? found.tenant : denial(found, isByHeader);
  }
}

/** Only the reason depends on what was sent: no name, no tenant, no part of a secret is in here. */
const texts = {
  no_credentials:
    'this gateway takes telemetry with credentials only: send the header ' +
    '`authorization: Bearer NAME.SECRET` (OTEL_EXPORTER_OTLP_HEADERS), or basic auth',
  bad_credentials: 'the credentials are not known to this gateway; ask who runs it for new ones',
  expired: 'the credentials have expired; ask who runs this gateway for new ones',
} as const;

const certificateText =
  'the client certificate is valid, but its names are not in the credentials of this gateway';

function denial(found: Extract<Found, { ok: false }>, isByHeader: boolean): Denial {
  const { reason } = found;
  const isUnknownCertificate = !isByHeader && reason === 'bad_credentials';
  return {
    ok: false,
    reason: reason === 'expired' ? 'bad_credentials' : reason,
    httpStatus: isUnknownCertificate ? 403 : 401,
    status: {
      code: isUnknownCertificate ? rpcCode.permissionDenied : rpcCode.unauthenticated,
      message: isUnknownCertificate ? certificateText : texts[reason],
    },
  };
}

function overQuota(tenant: string, overdrawn: Overdrawn): Denial {
  const { what, ratePerSecond, retryAfterSeconds } = overdrawn;
  const whose = tenant === '' ? 'this gateway' : `tenant ${tenant}`;
  const message =
    `over the quota of ${whose}, ${ratePerSecond} ${what} a second; ` +
    `send the same request again in ${retryAfterSeconds} s`;
  return {
    ok: false,
    reason: 'over_quota',
    httpStatus: 429,
    status: { code: rpcCode.resourceExhausted, message, retryAfterSeconds },
  };
}

/** As with a full log: ClickHouse has to come back first. */
function shareIsFull(tenant: string, bytes: number): Denial {
  const whose = tenant === '' ? 'the share' : `the share of tenant ${tenant}`;
  const message =
    `${whose} of the gateway's log is full (${bytes} bytes that ClickHouse has not taken yet); ` +
    `send the same request again in ${shareRetryAfterSeconds} s`;
  const status = {
    code: rpcCode.unavailable,
    message,
    retryAfterSeconds: shareRetryAfterSeconds,
  } as const;
  return { ok: false, reason: 'log_share', httpStatus: 503, status };
}
