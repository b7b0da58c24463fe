/** One replica: the real engine with ZooKeeper, macros and clusters in its configuration. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from '../../clickhouse/client.ts';
import { freePort } from '../support/free-ports.ts';
import { replicaConfig } from './config.ts';

export type ReplicaOptions = {
  /** Kept when the replica ends, for its next start. */
  readonly dir: string;
  readonly shard: string;
  readonly replica: string;
  /** Of ZooKeeper, or of a proxy before it. */
  readonly keeperPort: number;
  /** Another configuration file than that of `config.ts`. */
  readonly config?: string;
  /** What it takes from the environment. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Replica = Sql & {
  /** Of its HTTP interface. */
  readonly url: string;
  readonly kill: () => Promise<void>;
};

type Answer = { readonly id: number; readonly text?: string; readonly error?: string };

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { dir, shard, replica } = options;
  await mkdir(dir, { recursive: true });
  const configFile = join(dir, 'config.xml');
  const port = await freePort();
  await writeFile(configFile, options.config ?? replicaConfig(options));
  const main = join(import.meta.dirname, 'replica-main.ts');
  const child = fork(main, [join(dir, 'data'), configFile, String(port)], {
    execArgv: ['--no-warnings'],
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ask = asking(child);
  const url = await ask.ready;
  return {
    url,
    address: `replica ${shard}/${replica}`,
    run: async (statement) => {
      await ask.answer(statement);
    },
    rows: async <Row>(query: string) =>
      (await ask.answer(query))
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Row => JSON.parse(line)),
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

type Asking = {
  readonly ready: Promise<string>;
  readonly answer: (statement: string) => Promise<string>;
};

/** Questions to the process; when it ends, those that are open are refused. */
function asking(child: ChildProcess): Asking {
  const open = new Map<number, (answer: Answer) => void>();
  let next = 0;
  child.on('message', (answer: Answer) => {
    open.get(answer.id)?.(answer);
    open.delete(answer.id);
  });
  child.on('exit', (code, signal) => {
    for (const [id, resolve] of open)
      resolve({ id, error: `the replica ended: ${code ?? signal}` });
    open.clear();
  });
  const wait = async (id: number): Promise<string> => {
    const { text, error } = await new Promise<Answer>((resolve) => open.set(id, resolve));
    if (error !== undefined) throw new Error(error);
    return text ?? '';
  };
  return {
    ready: wait(0),
    answer: async (statement) => {
      next += 1;
      const answered = wait(next);
      child.send({ id: next, statement });
      return await answered;
    },
  };
}
