/** `obsctl token`: makes a secret for a sender, and the line that lets it in. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

type TokenOptions = {
  readonly tenant?: string;
  readonly expires?: string;
  readonly append?: string;
  readonly stdin?: boolean;
  readonly json?: boolean;
};

/** The file holds no secret, but who may change it decides who may send. */
const fileMode = 0o640;
const stdinBytesMax = 4096;

export function registerToken(program: Command, context: CliContext): void {
  program
    .command('token')
    .argument('<name>', 'of the sender, shown in no answer; letters, digits, dashes')
    .description('make a secret for a sender, and its line for `obsctl gateway --credentials`')
    .option('--tenant <name>', 'whose data the sender brings (default: nobody in particular)')
    .option('--expires <day>', 'last until this day or time, UTC, such as 2027-01-31')
    .option('--append <file>', 'put the line at the end of this file')
    .option('--stdin', 'hash a secret that you have, at least 32 characters, instead of making one')
    .option('--json', 'print token and line as one JSON line')
    .addHelpText(
      'after',
      '\nThe token is shown once and kept nowhere: the line has its hash.\n' +
        '\nExample:\n  obsctl token checkout --tenant shop --append credentials\n' +
        '  obsctl gateway --credentials credentials\n' +
        '  export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$TOKEN"\n',
    )
    .action((name: string, options: TokenOptions) => makeToken(name, options, context));
}

async function makeToken(name: string, options: TokenOptions, context: CliContext): Promise<void> {
  const { hashSecret, newSecret, secretFault } = await import('../../gateway/guard/secret.ts');
  const { parseCredentials } = await import('../../gateway/guard/credentials.ts');
  const secret = options.stdin === true ? await readSecret() : newSecret();
  const fault = secretFault(secret);
  if (fault !== undefined) throw new Problem('OBS-2053', `the secret is too weak: ${fault}`);
  const line = [
    name,
    hashSecret(secret),
    ...(options.tenant === undefined ? [] : [`tenant=${options.tenant}`]),
    ...(options.expires === undefined ? [] : [`expires=${options.expires}`]),
  ].join(' ');
  // What the gateway would say of the line, it says here.
  parseCredentials(line, 'token');
  if (options.append !== undefined) await append(options.append, line);
  const token = `${name}.${secret}`;
  if (options.json === true) {
    context.stdout(`${JSON.stringify({ token, line })}\n`);
    return;
  }
  context.stdout(`${token}\n`);
  context.stderr(
    options.append === undefined
      ? `The line for the credentials file of the gateway:\n${line}\n`
      : `${name} is in ${options.append}; the gateway takes it within seconds\n`,
  );
}

async function append(path: string, line: string): Promise<void> {
  const { readFile, writeFile } = await import('node:fs/promises');
  let before = '';
  try {
    before = await readFile(path, 'utf8');
  } catch {
    // The first line of a new file.
  }
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  try {
    await writeFile(path, `${gap}${line}\n`, { flag: 'a', mode: fileMode });
  } catch (error) {
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2050', `cannot be written: ${reason}`, { where: path, cause: error });
  }
}

/** Never an argument: the list of processes would show it. */
async function readSecret(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > stdinBytesMax) break;
  }
  return text.trim();
}
