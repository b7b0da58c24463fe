/**
 * The engine with the rights of one user of a rendered `users.d` file. Every session of the engine
 * is of `default`, so the user's own block takes that name; what it grants, the engine enforces.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouse } from '../../clickhouse/client.ts';

/** Of users whose file takes theirs from the environment. */
export const passwordOfUsers = 'a password';

type Answer = { readonly text?: string; readonly error?: string };

/**
 * @param dataDir one process at a time
 * @param users the text of the file; without one everything is allowed
 * @param server the text of the server's own file, of which collections and clusters are taken
 */
export async function startAsUser(
  dataDir: string,
  user: string,
  users?: string,
  server = '',
): Promise<ClickHouse & { readonly pid: number }> {
  const configFile = join(dataDir, `${user}-config.xml`);
  const usersFile = join(dataDir, `${user}-users.xml`);
  const config = users === undefined ? '' : `<users_config>${usersFile}</users_config>`;
  const taken = ['named_collections', 'remote_servers'].map(
    (name) => new RegExp(`<${name}>[\\s\\S]*</${name}>`).exec(server)?.[0] ?? '',
  );
  await writeFile(configFile, `<clickhouse>${config}${taken.join('')}</clickhouse>\n`);
  if (users !== undefined) await writeFile(usersFile, asDefault(user, users));
  const variables = (users ?? '').matchAll(/from_env="(\w+)"/g);
  const passwords = Object.fromEntries(
    [...variables].map(([, name = '']) => [name, passwordOfUsers]),
  );
  const main = join(import.meta.dirname, 'as-user-main.ts');
  const child = fork(main, [join(dataDir, 'data'), configFile], {
    execArgv: ['--no-warnings'],
    env: { ...process.env, ...passwords },
  });
  await answer(child);
  const ask = async (statement: string): Promise<string> => {
    child.send(statement);
    const { text, error } = await answer(child);
    if (error !== undefined) throw new Error(error);
    return text ?? '';
  };
  return {
    pid: child.pid ?? 0,
    address: user,
    database: 'otel',
    databaseGiven: true,
    run: async (statement) => {
      await ask(statement);
    },
    rows: async <Row>(query: string) =>
      (await ask(query))
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Row => JSON.parse(line)),
    insert: async (statement, body) => {
      await ask(`${statement}\n${Buffer.concat(body).toString()}`);
    },
    close: async () => {
      const exited = once(child, 'exit');
      // What was answered is in files; the engine's own way out may take longer than a test.
      child.kill('SIGKILL');
      await exited;
    },
    get client(): never {
      throw new Error('an engine in a process has no client');
    },
  };
}

/** The answer to the one statement that is under way; a crash is an error. */
async function answer(child: ChildProcess): Promise<Answer> {
  const gone = new AbortController();
  const { signal } = gone;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]: Answer[]) => message ?? {}),
      once(child, 'exit', { signal }).then(([code]) => ({ error: `the engine ended: ${code}` })),
    ]);
  } finally {
    gone.abort();
  }
}

/** The profiles of the file, and of its users the one; the engine asks for no password. */
export function asDefault(user: string, users: string): string {
  const block = new RegExp(`<${user}>\\s*<password[^>]*/>([\\s\\S]*?)</${user}>`).exec(
    users.slice(users.indexOf('<users>')),
  )?.[1];
  if (block === undefined) throw new Error(`no user ${user}`);
  // As themselves they are who dictionaries read as, in sessions that the engine begins.
  const others =
    /<users>([\s\S]*)<\/users>/.exec(users)?.[1]?.replace(/<default remove.*/, '') ?? '';
  const profiles = /<profiles>([\s\S]*?)<\/profiles>/.exec(users)?.[1] ?? '';
  return `<clickhouse>
  <profiles><default/>${profiles}</profiles>
  <quotas><default/></quotas>
  <users><default><password></password>${block}</default>${others}</users>
</clickhouse>
`;
}
