/** Terraform as a test runs it: offline, with the stand-ins, and without a trace in the clone. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, startProgram } from '../test/support/program.ts';

export type Terraform = {
  /** Runs it in `folder`, a path below this room. */
  readonly run: (folder: string, args: readonly string[], env?: Environment) => Promise<Ended>;
};

type Environment = Readonly<Record<string, string>>;

/**
 * @param scratch a folder for what Terraform writes
 * @param reattached the value of `TF_REATTACH_PROVIDERS`
 */
export async function terraformWith(
  program: string,
  scratch: string,
  reattached: string,
): Promise<Terraform> {
  const settings = join(scratch, 'terraformrc');
  await writeFile(settings, '');
  return {
    run: async (folder, args, env = {}) => {
      const data = join(scratch, folder.replaceAll('/', '-') || 'room');
      await mkdir(data, { recursive: true });
      return await startProgram(program, args, {
        cwd: join(import.meta.dirname, folder),
        env: {
          TF_DATA_DIR: data,
          TF_CLI_CONFIG_FILE: settings,
          TF_REATTACH_PROVIDERS: reattached,
          TF_IN_AUTOMATION: '1',
          CHECKPOINT_DISABLE: '1',
          ...env,
        },
      }).ended;
    },
  };
}
