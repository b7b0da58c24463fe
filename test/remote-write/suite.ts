/**
 * Runs the public suite for receivers (`prometheus/compliance`) and reads its talk. The suite alone
 * says little: a receiver that answers 400 to everything passes nearly all of it. So every request
 * is also taken down on the way, in the order of the cases, which run one after the other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../support/program.ts';
import { type Recorded, startRecorder } from './recorder.ts';

export type Outcome = {
  /** `TestSingleMetric/NaN/simple_metric`. */
  readonly name: string;
  readonly verdict: 'PASS' | 'FAIL' | 'SKIP';
  readonly request: Recorded;
};

export type SuiteRun = {
  readonly outcomes: readonly Outcome[];
  /** Everything it printed. */
  readonly talk: string;
};

const receiver = 'obsctl';

/** `target` is `http://HOST:PORT`; requests go to its `/api/v1/write`. */
export async function runSuite(program: string, target: string): Promise<SuiteRun> {
  const recorder = await startRecorder(target);
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-compliance-'));
  try {
    const file = join(folder, 'config.yml');
    const config = { remote_write: [{ name: receiver, url: `${recorder.url}/api/v1/write` }] };
    await writeFile(file, JSON.stringify(config));
    const env = { PROMETHEUS_RW2_COMPLIANCE_CONFIG_FILE: file };
    const { stdout, stderr } = await runProgram(program, ['-test.v=test2json'], {
      cwd: folder,
      env,
    });
    return { outcomes: outcomesOf(stdout, recorder.requests), talk: `${stdout}\n${stderr}` };
  } finally {
    await recorder.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function outcomesOf(talk: string, requests: readonly Recorded[]): readonly Outcome[] {
  const isCase = (name: string): boolean => name.endsWith(`/${receiver}`);
  const started = [...talk.matchAll(/=== RUN +(\S+)/g)].map(([, name = '']) => name).filter(isCase);
  const verdicts = new Map(
    [...talk.matchAll(/--- (PASS|FAIL|SKIP): (\S+)/g)].map(([, verdict, name]) => [name, verdict]),
  );
  if (started.length !== requests.length) {
    throw new Error(`${started.length} cases sent ${requests.length} requests\n${talk}`);
  }
  return requests.map((request, index) => {
    const name = started[index] ?? '';
    const verdict = verdicts.get(name);
    return {
      name: name.slice(0, -receiver.length - 1),
      verdict: verdict === 'PASS' || verdict === 'SKIP' ? verdict : 'FAIL',
      request,
    };
  });
}
