/** A real ZooKeeper in a process of its own, on a port and in a directory of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-ports.ts';
import { startProgram } from '../support/program.ts';

export type ZooKeeper = { readonly port: number; readonly stop: () => Promise<void> };

const jars = [
  ...['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-simple', 'netty-all', 'metrics-core'],
  'snappy-java',
];

/** @param jarsDir what the peer `zookeeper` finds */
export async function startZooKeeper(jarsDir: string): Promise<ZooKeeper> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-zookeeper-'));
  const port = await freePort();
  const settings = {
    tickTime: 2000,
    dataDir: join(dir, 'data'),
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': false,
    maxClientCnxns: 0,
  };
  const file = join(dir, 'zoo.cfg');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''));
  const path = jars.map((jar) => join(jarsDir, `${jar}.jar`)).join(':');
  const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
  // A server must not outlive tests that were killed.
  const command = ['--pdeathsig=KILL', 'java', '-Xmx256m', '-cp', path, main, file];
  const program = startProgram('setpriv', command);
  await program.said('binding to port');
  return {
    port,
    stop: async () => {
      program.kill('SIGKILL');
      await program.ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
