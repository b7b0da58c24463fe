/** Both servers behind a guard, and clients for them: grpc-js, and Node's own for HTTP. */
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import * as grpc from '@grpc/grpc-js';
import { systemClock } from '../../core/clock.ts';
import { corsOf } from '../../gateway/guard/cors.ts';
import { type Guard, type GuardOptions, SenderGuard } from '../../gateway/guard/guard.ts';
import { createQuotaMemory } from '../../gateway/guard/quotas.ts';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import { checkTls, type TlsMaterial } from '../../gateway/guard/tls.ts';
import { Admission } from '../../gateway/receive/admission.ts';
import { startGrpc } from '../../gateway/receive/grpc.ts';
import { startHttp } from '../../gateway/receive/http.ts';
import type { ReceiveLimits } from '../../gateway/receive/limits.ts';
import type { Receiver } from '../../gateway/receive/receiver.ts';
import { type Authority, createAuthority, type Issued } from './certificates.ts';
import { RecordingCounters, RecordingLane } from './receiving.ts';

const secret = newSecret();
/** What `checkout` of tenant `shop` shows; a certificate of `node-17` is of tenant `nodes`. */
export const bearer = `Bearer checkout.${secret}`;
export const basic = `Basic ${Buffer.from(`checkout:${secret}`).toString('base64')}`;
const credentials = [
  `checkout ${hashSecret(secret)} tenant=shop`,
  'node-17 certificate tenant=nodes',
].join('\n');
const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export const authority: Authority = createAuthority('authority');

/** Everything of one test. */
export class GuardedServers {
  readonly lane = new RecordingLane();
  readonly counters = new RecordingCounters();
  readonly admission = new Admission(10_000_000);
  readonly #open: Receiver[] = [];

  async start(options: Options = {}): Promise<{ grpc: Receiver; http: Receiver }> {
    const common = {
      host: '127.0.0.1',
      port: 0,
      acceptor: this.lane,
      admission: this.admission,
      counters: this.counters,
      clock: systemClock,
      guard: guardOf(options.guard),
      ...(options.limits && { limits: options.limits }),
      tls: options.tls && materialOf(options.tls, options.clients),
    };
    const started = {
      grpc: await startGrpc(common),
      http: await startHttp({ ...common, cors: corsOf(options.origins ?? []) }),
    };
    this.#open.push(started.grpc, started.http);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((receiver) => receiver.close(0)));
  }
}

type Options = {
  readonly guard?: Partial<GuardOptions>;
  readonly tls?: Issued;
  readonly clients?: Authority;
  readonly origins?: readonly string[];
  readonly limits?: Partial<ReceiveLimits>;
};

function guardOf(options: Partial<GuardOptions> = {}): Guard {
  return new SenderGuard({
    allowFrom: [],
    tenants: {},
    material: { tls: undefined, credentials, tenants: ['shop', 'nodes'] },
    quotaMemory: createQuotaMemory(),
    nowMs: systemClock.nowMs,
    nowNs: () => process.hrtime.bigint(),
    ...options,
  });
}

export function materialOf(issued: Issued, clients?: Authority): TlsMaterial {
  const files = { ...issued, clientAuthorities: clients?.certificate };
  return checkTls(files, { certificate: 'crt', key: 'key', clients: 'ca' }, Date.now());
}

export type Reply = {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
};

/** One POST of JSON by Node's own client; `ca` makes it TLS. */
export function post(
  { address }: Receiver,
  headers: Record<string, string> = {},
  options: RequestOptions = {},
): Promise<Reply> {
  const isTls = options.ca !== undefined;
  return new Promise((resolve, reject) => {
    const sent = (isTls ? tlsRequest : plainRequest)(
      {
        host: '127.0.0.1',
        port: address.port,
        path: '/v1/logs',
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', ...headers },
        ...options,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.method === 'OPTIONS' ? undefined : '{}');
  });
}

export type Call = { readonly code: number; readonly details: string; readonly retryInfo: Buffer };

export function call(
  { address }: Receiver,
  channel: grpc.ChannelCredentials,
  authorization?: string,
): Promise<Call> {
  const client = new grpc.Client(`127.0.0.1:${address.port}`, channel, {
    'grpc.enable_retries': 0,
    // It may not be an address (RFC 6066), which grpc-js would otherwise give.
    'grpc.ssl_target_name_override': 'localhost',
  });
  const metadata = new grpc.Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  const same = (bytes: Buffer): Buffer => bytes;
  const deadline = Date.now() + 10_000;
  return new Promise((resolve) => {
    const body = Buffer.alloc(0);
    client.makeUnaryRequest(exportPath, same, same, body, metadata, { deadline }, (error) => {
      client.close();
      const [bytes] = error?.metadata.get('grpc-status-details-bin') ?? [];
      const retryInfo = Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0);
      resolve({ code: error?.code ?? 0, details: error?.details ?? '', retryInfo });
    });
  });
}

export const plain = grpc.credentials.createInsecure();
export const secure = (client?: Issued): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(
    Buffer.from(authority.certificate),
    client && Buffer.from(client.key),
    client && Buffer.from(client.certificate),
  );
