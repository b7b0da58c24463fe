/** What the main thread and its workers say to each other. */
import type { GatewayConfig } from './config.ts';
import type { RelayedSocket } from './datagram-relay.ts';
import type { GuardMaterial } from './guard/material.ts';
import type { GuardStart } from './guarding.ts';
import type { OpampQuestion, OpampReply } from './opamp/relay.ts';
import type { OwnTarget } from './own-post.ts';
import type { Address } from './receive/listen.ts';

export type WorkerStart = {
  readonly config: GatewayConfig;
  readonly gatewayId: string;
  /** Names of lane directories; the first takes requests. */
  readonly laneNames: readonly string[];
  readonly counterMemory: SharedArrayBuffer;
  /** Shared by all workers; absent: resends are stored like everything else. */
  readonly resendMemory: SharedArrayBuffer | undefined;
  /** How busy each worker is, and which of them this one is. */
  readonly loadMemory: SharedArrayBuffer;
  readonly index: number;
  /** Of all lanes, see {@link ArchivePositions}; absent: nothing is archived. */
  readonly archiveMemory: SharedArrayBuffer | undefined;
  /** Shared by all workers. */
  readonly throttleMemory: SharedArrayBuffer;
  readonly redactionKey: Uint8Array;
  /** Absent: deliver what is there, then stop. */
  readonly listen:
    | { readonly grpc: Address; readonly http: Address; readonly reusePort: boolean }
    | undefined;
  /** Absent only when nothing listens. */
  readonly guard: GuardStart | undefined;
};

/** Of the thread that owns DogStatsD's sockets. */
export type DogstatsdStart = {
  readonly config: GatewayConfig;
  readonly counterMemory: SharedArrayBuffer;
  /** Of {@link DatagramRelay}. */
  readonly relayMemory: SharedArrayBuffer;
  /** Where its points go. */
  readonly target: OwnTarget;
};

/** Of the thread that writes the archive. */
export type ArchiveStart = {
  readonly config: GatewayConfig;
  readonly gatewayId: string;
  readonly version: string;
  /** Of every worker, in the order of the memory's slots. */
  readonly laneNames: readonly string[];
  readonly counterMemory: SharedArrayBuffer;
  readonly archiveMemory: SharedArrayBuffer;
};

export type ToWorker =
  | OpampReply
  | { readonly kind: 'stop'; readonly graceMs: number }
  /** What came to DogStatsD's port before its thread listened, or to a Unix datagram socket. */
  | {
      readonly kind: 'datagrams';
      readonly socket: RelayedSocket;
      readonly datagrams: readonly Uint8Array[];
    }
  /** The guard's files have changed. */
  | { readonly kind: 'guard'; readonly material: GuardMaterial };

export type FromWorker =
  /** Of a lane, for the main thread to answer. */
  | OpampQuestion
  | {
      readonly kind: 'ready';
      readonly grpc?: Address;
      readonly http?: Address;
      readonly udp?: Address;
      /** Where the gateway's own report is let in, when everything else is guarded. */
      readonly own?: Address;
    }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
    }
  | { readonly kind: 'failed'; readonly message: string }
  /** Said all the time, so that a worker that hangs is noticed. */
  | { readonly kind: 'alive' }
  /** The log is closed; `left` bytes of it ClickHouse has not acknowledged. */
  | { readonly kind: 'stopped'; readonly left: number };
