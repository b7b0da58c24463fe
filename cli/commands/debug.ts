/** `obsctl debug`: prints the kubectl command that opens a shell beside a container of ours. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import type { CliContext } from '../context.ts';

type DebugOptions = {
  readonly file: string;
  readonly image: string;
  readonly replica: string;
  readonly node?: string;
};

const shellImage = 'docker.io/library/busybox:1.37';

export function registerDebug(program: Command, context: CliContext): void {
  program
    .command('debug')
    .description('print the kubectl command for a shell beside a container, which has none itself')
    .argument('[component]', 'gateway, node-agent, cluster-agent, clickhouse, …', 'gateway')
    .option(
      '-f, --file <file>',
      'stack file: YAML, or TypeScript with a default export',
      'obs.yaml',
    )
    .option('--replica <n>', 'which pod of a StatefulSet', '0')
    .option('--node <name>', 'the pod on this node, of a DaemonSet')
    .option('--image <image>', 'where the shell comes from', shellImage)
    .addHelpText(
      'after',
      '\nExamples:\n  obsctl debug gateway --replica 1\n' +
        '  eval "$(obsctl debug node-agent --node worker-3)"\n' +
        '\nNothing is applied: read the line, then run it in bash or zsh.\n',
    )
    .action(async (component: string, options: DebugOptions) => {
      const { readStack } = await import('../stack-file.ts');
      const { renderSystem } = await import('../render/system.ts');
      const { debugCommand } = await import('../render/debug.ts');
      const { objects } = renderSystem(await readStack(options.file, context));
      const { image, node } = options;
      const replica = parseReplica(options.replica);
      context.stdout(debugCommand(objects, { component, image, replica, node }));
    });
}

function parseReplica(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new Problem('OBS-1003', `--replica ${text}: expected a number, counted from 0`);
}
