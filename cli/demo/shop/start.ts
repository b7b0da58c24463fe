/** Starts the shop's processes, introduces them to each other and stops them again. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { sourceFile } from '../../source-file.ts';
import {
  type ListeningMessage,
  type PeersMessage,
  type ShopAddresses,
  type ShopService,
  shopServices,
} from './shop-types.ts';

export type ShopOptions = {
  /** `http://127.0.0.1:4317` */
  readonly otlpGrpc: string;
  /** `http://127.0.0.1:4318` */
  readonly otlpHttp: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its Postgres, where there is one. */
  readonly dsn?: string;
  /** How long a shopper thinks, about; more is less traffic. */
  readonly pauseMs?: number;
  /** What a service prints, which is only ever a complaint. */
  readonly onComplaint: (service: ShopService, text: string) => void;
};

export type RunningShop = {
  readonly addresses: ShopAddresses;
  readonly processes: readonly { readonly name: ShopService; readonly pid: number }[];
  readonly stop: () => Promise<void>;
};

/** All three ways to send, spread over the services, so that the demo is a test of each. */
const protocols = ['grpc', 'http/protobuf', 'http/json'] as const;

const pauseMsDefault = 350;

export async function startShop(options: ShopOptions): Promise<RunningShop> {
  const children = shopServices.map((service, index) => ({
    service,
    child: startService(service, protocols[index % protocols.length] ?? 'grpc', options),
  }));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(({ child }) => stopChild(child)));
  };
  try {
    const listening = await Promise.all(
      children.map(async ({ service, child }) => [service, await listeningUrl(child)] as const),
    );
    const addresses: ShopAddresses = Object.fromEntries(
      listening.filter(([, url]) => url !== undefined),
    );
    const message: PeersMessage = { kind: 'peers', addresses };
    for (const { child } of children) child.send(message);
    const processes = children.map(({ service, child }) => ({
      name: service,
      pid: child.pid ?? 0,
    }));
    return { addresses, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startService(
  service: ShopService,
  protocol: (typeof protocols)[number],
  options: ShopOptions,
): ChildProcess {
  const folder = import.meta.dirname;
  const words = [service, String(options.pauseMs ?? pauseMsDefault)];
  const child = fork(join(folder, sourceFile('main')), words, {
    execArgv: ['--import', join(folder, sourceFile('instrument')), '--max-old-space-size=96'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...options.env,
      SHOP_DSN: options.dsn ?? '',
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES:
        'service.namespace=shop,service.version=1.4.2,deployment.environment.name=demo',
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? options.otlpGrpc : options.otlpHttp,
      OTEL_EXPORTER_OTLP_COMPRESSION: service === 'cart' ? 'gzip' : 'none',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_BLRP_SCHEDULE_DELAY: '1000',
      OTEL_METRIC_EXPORT_INTERVAL: '5000',
      OTEL_METRIC_EXPORT_TIMEOUT: '4000',
      OTEL_NODE_RESOURCE_DETECTORS: 'host,os,process,serviceinstance,env',
    },
  });
  const complain = (chunk: Buffer): void => options.onComplaint(service, chunk.toString());
  child.stdout?.on('data', complain);
  child.stderr?.on('data', complain);
  return child;
}

function listeningUrl(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: ListeningMessage) => resolve(message.url));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a shop service ended with ${code}`)));
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
