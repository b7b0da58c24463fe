/** The command that `obsctl debug` prints, run by a shell and kubectl against a real API server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { startControlPlane } from '../support/kubernetes.ts';
import { describeWithPeer } from '../support/peer.ts';
import { runProgram } from '../support/program.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../cli/main.ts');
const startMsMax = 180_000;
const podMsMax = 60_000;
const namespace = 'observability';

describeWithPeer('kubernetes', 'obsctl debug', (programs) => {
  it(
    'puts a shell of the same user and volumes into a restricted namespace',
    async () => {
      const cluster = await startControlPlane({ programs, volumes: 2 });
      try {
        const file = join(cluster.dir, 'obs.yaml');
        await run('sh', ['-c', `printf 'name: shop\\ncluster: dev\\n' > '${file}'`]);
        const rendered = await runProgram(process.execPath, [main, 'render', '-f', file]);
        await cluster.mustKubectl(['apply', '--server-side', '-f', '-'], rendered.stdout);
        const pod = ['pod/shop-gateway-0', '-n', namespace];
        const ready = ['--for=condition=Ready', `--timeout=${podMsMax / 1000}s`];
        await cluster.mustKubectl(['wait', ...ready, ...pod]);

        const printed = await runProgram(process.execPath, [main, 'debug', '-f', file]);
        // Nobody is at the terminal, and kwok runs no shell.
        const script = printed.stdout.replace(' -it ', ' --attach=false ');
        await run('bash', ['-ec', script], {
          env: {
            ...process.env,
            KUBECONFIG: cluster.kubeconfig,
            PATH: `${programs}:${process.env['PATH']}`,
          },
        });

        const text = await cluster.mustKubectl(['get', ...pod, '-o', 'json']);
        const { containers, ephemeralContainers } = JSON.parse(text).spec;
        expect(ephemeralContainers).toHaveLength(1);
        const [shell] = ephemeralContainers;
        expect(shell.targetContainerName).toBe('gateway');
        expect(shell.volumeMounts).toEqual(containers[0].volumeMounts);
        expect(shell.securityContext).toMatchObject({
          runAsUser: 10001,
          readOnlyRootFilesystem: true,
        });
      } finally {
        await cluster.stop();
      }
    },
    startMsMax,
  );
});
