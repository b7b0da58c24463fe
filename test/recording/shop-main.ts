/**
 * Records what a machine sends: `node test/recording/shop-main.ts [--minutes 30]`. The rendered
 * node-agent, a real Collector, reads this machine and passes on what the demo shop sends; what it
 * exports is kept as it comes, in `shop.rec`.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startShop } from '../../cli/demo/shop/start.ts';
import { peers } from '../../tools/peers/list.ts';
import { makeMachine } from '../collector/running-agent.ts';
import { startRecorder } from './recorder.ts';

/** Few shoppers' visits: the file stays small. */
const pauseMs = 3_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
const collector = peers.find((peer) => peer.name === 'collector-0.149')?.find();
if (collector === undefined) throw new Error('needs the Collector: npm run peers collector-0.149');

const recorder = await startRecorder({ host: '127.0.0.1', port: 0 });
const machine = makeMachine({
  collector,
  target: 'host',
  presets: { host_metrics: {}, otlp_ingest: {} },
  gateway: `127.0.0.1:${recorder.address.port}`,
});
const agent = await machine.start();
const shop = await startShop({
  otlpGrpc: `http://${machine.address}:14317`,
  otlpHttp: `http://${machine.address}:14318`,
  env: process.env,
  pauseMs,
  onComplaint: (service, text) => process.stderr.write(`${service}: ${text}`),
});
process.stderr.write(`recording for ${minutes} minutes\n`);
await pause(minutes * 60_000);
await shop.stop();
await agent.stop();
await recorder.finish(join(import.meta.dirname, 'shop.rec'));
await machine.remove();
