import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dataSourceBody } from '../dashboards/data-source.ts';
import { usersConfig } from '../k8s/clickhouse-files.ts';
import { loadStack } from '../stack/load.ts';
import { describeWithPeer } from '../test/support/peer.ts';
import { runProgram } from '../test/support/program.ts';
import { terraformReadmes, withInputs } from '../tools/terraform-readmes.ts';
import { exampleRoots, expectedFailures, modules, variablesOf } from './roots.ts';
import { type RunningProvider, reattach, startAll } from './stand-in/reattach.ts';
import { type Terraform, terraformWith } from './terraform.ts';

/** Names in clear, so that one that gets out is recognised. */
const secrets = {
  TF_VAR_admin_password: 'canary-of-the-admin',
  TF_VAR_passwords: JSON.stringify({
    gateway: 'canary-of-the-gateway',
    migrator: 'canary-of-the-migrator',
    grafana: 'canary-of-the-reader',
  }),
  TF_VAR_grafana_token: 'canary-of-grafana',
};

const host = 'abc.eu-west-1.aws.clickhouse.cloud';
const readerHost = 'def.eu-west-1.aws.clickhouse.cloud';

/** What `terraform output -json` says after the first step. */
const service = {
  url: { sensitive: false, type: 'string', value: `https://${host}:8443` },
  native: { sensitive: false, value: { host, port: 9440 } },
  reader_https: { sensitive: false, value: { host: readerHost, port: 8443 } },
};

let scratch = '';
let running: readonly RunningProvider[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'obsctl-terraform-'));
  running = await startAll();
});

afterAll(async () => {
  for (const { stop } of running) stop();
  await rm(scratch, { recursive: true });
});

describe('the inputs of the modules', () => {
  const rules = modules.flatMap((module) =>
    variablesOf(module).map((variable) => ({ module, ...variable })),
  );

  it.each(rules)('$module: $name has a test for every validation', ({ module, ...variable }) => {
    const provoked = expectedFailures(module).get(`var.${variable.name}`) ?? 0;
    expect(provoked).toBeGreaterThanOrEqual(variable.validations);
  });

  it.each(rules)('$module: $name is described', ({ description }) => {
    expect(description).not.toBe('');
  });

  it('say of every wrong value its place and the next step', async () => {
    for (const module of modules) {
      const text = await readFile(join(import.meta.dirname, module, 'variables.tf'), 'utf8');
      const messages = [...text.matchAll(/error_message = "(.*)"$/gm)].map(([, one]) => one ?? '');
      expect(messages.length).toBeGreaterThan(0);
      expect(messages.filter((one) => !/^[a-z_.]+: .*[.:] [A-Z].*\.$/.test(one))).toEqual([]);
    }
  });
});

describe('the README of each module', () => {
  it.each(terraformReadmes)('%s lists what the module has (npm run update)', async (path) => {
    const text = await readFile(join(import.meta.dirname, path), 'utf8');
    expect(text).toBe(withInputs(text, path));
  });
});

describeWithPeer('terraform', 'terraform, offline', (program) => {
  const terraform = (): Promise<Terraform> => terraformWith(program, scratch, reattach(running));

  async function started(folder: string): Promise<Terraform> {
    const own = await terraform();
    const { code, stdout, stderr } = await own.run(folder, ['init', '-backend=false', '-no-color']);
    expect(code === 0 ? '' : stdout + stderr).toBe('');
    return own;
  }

  it('finds every file formatted', async () => {
    const { code, stdout } = await (await terraform()).run('', ['fmt', '-check', '-recursive']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  it.each([...modules, ...exampleRoots])('accepts %s', async (folder) => {
    const own = await started(folder);
    const { code, stdout, stderr } = await own.run(folder, ['validate', '-no-color']);
    expect(code === 0 ? '' : stdout + stderr).toBe('');
  });

  it.each(modules)('passes the tests of %s', async (folder) => {
    const own = await started(folder);
    const { code, stdout } = await own.run(folder, ['test', '-no-color']);
    const totals = /^(Success|Failure)! (\d+) passed, (\d+) failed(?:, (\d+) skipped)?\.$/m;
    const [, verdict, passed, , skipped] = totals.exec(stdout) ?? [];
    expect({
      code,
      verdict,
      skipped: skipped ?? '0',
      stdout: verdict === 'Success' ? '' : stdout,
    }).toEqual({ code: 0, verdict: 'Success', skipped: '0', stdout: '' });
    expect(Number(passed)).toBeGreaterThan(8);
  });

  it('refuses an argument that the resource does not have, by the schema', async () => {
    const folder = await mkdtemp(join(scratch, 'wrong-'));
    const text = await readFile(
      join(import.meta.dirname, 'modules/clickhouse-cloud/versions.tf'),
      'utf8',
    );
    const resource = 'resource "clickhouse_service_upgrade_window" "w" {\n  week_day = 1\n}\n';
    await writeFile(join(folder, 'main.tf'), `${text}\n${resource}`);
    const own = await terraform();
    await own.run('', [`-chdir=${folder}`, 'init', '-backend=false']);
    const { code, stderr } = await own.run('', [`-chdir=${folder}`, 'validate', '-no-color']);
    expect(code).toBe(1);
    expect(stderr).toContain('An argument named "week_day" is not expected here');
    expect(stderr).toContain('The argument "weekday" is required');
  });

  describe('a plan of the example', () => {
    type Change = {
      readonly type: string;
      readonly name: string;
      readonly index?: string;
      readonly change: {
        readonly actions: readonly string[];
        // biome-ignore lint/suspicious/noExplicitAny: as deep as the resources are.
        readonly after: any;
      };
    };
    type Plan = {
      readonly resource_changes: readonly Change[];
      // biome-ignore lint/suspicious/noExplicitAny: outputs are of any shape.
      readonly planned_values: { readonly outputs: Readonly<Record<string, any>> };
    };
    type Planned = { readonly shown: string; readonly json: string; readonly plan: Plan };

    const plans = new Map<string, Promise<Planned>>();

    function planned(folder: string): Promise<Planned> {
      const known = plans.get(folder) ?? makePlan(folder);
      plans.set(folder, known);
      return known;
    }

    async function makePlan(folder: string): Promise<Planned> {
      const file = join(scratch, 'service.json');
      await writeFile(file, JSON.stringify(service));
      const out = join(scratch, `${folder.replaceAll('/', '-')}.plan`);
      const env = {
        ...secrets,
        TF_VAR_service_file: file,
        TF_VAR_grafana_url: 'https://shop.grafana.net',
        TF_VAR_dashboards: join(import.meta.dirname, '../dashboards/testdata/rendered'),
      };
      const own = await started(folder);
      const made = await own.run(folder, ['plan', '-no-color', `-out=${out}`], env);
      expect(made.code === 0 ? '' : made.stdout + made.stderr).toBe('');
      const { stdout: json } = await own.run(folder, ['show', '-json', out]);
      return { shown: made.stdout + made.stderr, json, plan: JSON.parse(json) };
    }

    function ofType({ plan }: Planned, type: string): readonly Change[] {
      return plan.resource_changes.filter((change) => change.type === type);
    }

    it.each(exampleRoots)('holds no secret: %s', async (folder) => {
      const { shown, json, plan } = await planned(folder);
      expect(plan.resource_changes.length).toBeGreaterThan(1);
      expect(plan.resource_changes.flatMap(({ change }) => change.actions)).not.toContain('delete');
      expect(`${shown}${json}`).not.toContain('canary');
    });

    it('makes a service and a read-only one over its data', async () => {
      const services = ofType(await planned('examples/cloud/service'), 'clickhouse_service');
      expect(services.map(({ name, change }) => [name, change.after.readonly])).toEqual([
        ['reader', true],
        ['this', undefined],
      ]);
    });

    it('gives each role what its user has in a cluster, by single privileges', async () => {
      const grants = ofType(
        await planned('examples/cloud/access'),
        'clickhousedbops_grant_privilege',
      ).map(({ change: { after } }) => after);
      const rights = (role: string): readonly string[] =>
        grants
          .filter((grant) => grant.grantee_role_name === `otel_${role}`)
          .map(
            ({ privilege_name, database_name, table_name }) =>
              `${privilege_name} ON ${database_name ?? '*'}.${table_name ?? '*'}`,
          );
      const inCluster = usersOf(usersConfig('otel'));
      expect(lacking(inCluster.get('reader') ?? [], rights('reader'))).toEqual([]);
      expect(lacking(inCluster.get('gateway') ?? [], rights('writer'))).toEqual([]);
      expect(beyond(rights('reader'), inCluster.get('reader') ?? [])).toEqual([]);
      expect(beyond(rights('migrator'), inCluster.get('schema') ?? [])).toEqual([]);
      expect(beyond(rights('writer'), inCluster.get('gateway') ?? [])).toEqual([]);
    });

    it('gives Grafana the data source that obsctl would', async () => {
      const [source] = ofType(await planned('examples/cloud/access'), 'grafana_data_source');
      const { uid, name, type, json_data_encoded: json } = source?.change.after ?? {};
      const { jsonData, ...base } = dataSourceBody({
        host: readerHost,
        port: 8443,
        protocol: 'http',
        secure: true,
        database: 'otel',
      });
      expect({ uid, name, type, access: 'proxy' }).toEqual(base);
      expect(JSON.parse(json)).toEqual({ ...jsonData, username: 'otel_grafana' });
    });

    it('brings every rendered dashboard and every rule', async () => {
      const plan = await planned('examples/cloud/access');
      const rendered = join(import.meta.dirname, '../dashboards/testdata/rendered');
      const text = await readFile(join(rendered, 'alert-rules.yaml'), 'utf8');
      const uids = [...text.matchAll(/^ {6}uid: (obsctl-[\w-]+)$/gm)].map(([, uid]) => uid);
      const rules = ofType(plan, 'grafana_rule_group').flatMap(({ change }) => change.after.rule);
      expect(rules.map(({ uid }) => uid).sort()).toEqual(uids.sort());
      const dashboards = ofType(plan, 'grafana_dashboard');
      expect(dashboards.length).toBeGreaterThan(15);
      for (const { index, change } of dashboards) {
        expect(change.after.config_json).toBe(await readFile(join(rendered, index ?? ''), 'utf8'));
      }
    });

    it('says what obsctl init makes a stack file of', async () => {
      const { plan } = await planned('examples/cloud/access');
      const file = join(scratch, 'stack.json');
      await writeFile(file, JSON.stringify(plan.planned_values.outputs));
      const folder = join(scratch, 'infra');
      const main = join(import.meta.dirname, '../cli/main.ts');
      const init = ['init', folder, '--yes', '--from-terraform', file];
      const { code, stderr } = await runProgram(process.execPath, [main, ...init]);
      expect(code === 0 ? '' : stderr).toBe('');
      const result = loadStack(await readFile(join(folder, 'obs.yaml'), 'utf8'), 'obs.yaml');
      expect(result).toMatchObject({
        stack: {
          clickhouse: {
            mode: 'external',
            url: `https://${host}:8443`,
            database: 'otel',
            credentials: { secret: 'clickhouse-cloud' },
          },
          grafana: { deploy: false, deliver: 'files', folder: 'obsctl' },
        },
      });
    });

    it('is all that the stand-in does: it refuses to apply', async () => {
      const folder = 'examples/cloud/service';
      const own = await started(folder);
      const state = `-state=${join(scratch, 'state.json')}`;
      const args = ['apply', '-auto-approve', '-no-color', state];
      const { code, stderr } = await own.run(folder, args, secrets);
      expect(code).toBe(1);
      expect(stderr).toContain('this is a stand-in that holds schemas, not a provider');
    });
  });
});

/** Grants by user, a right each, as the server's own file has them. */
function usersOf(text: string): ReadonlyMap<string, readonly string[]> {
  const users = [...text.matchAll(/<(\w+)>\s*<password[\s\S]*?<\/grants>/g)];
  return new Map(
    users.map(([block, name = '']) => [
      name,
      [...block.matchAll(/<query>GRANT (.*) ON (.*)<\/query>/g)].flatMap(([, list = '', on = '']) =>
        list.split(', ').map((privilege) => `${privilege} ON ${on.includes('.') ? on : `*.${on}`}`),
      ),
    ]),
  );
}

function lacking(wanted: readonly string[], given: readonly string[]): readonly string[] {
  return wanted.filter((right) => !given.includes(right));
}

/** Rights that none of `allowed` covers: `ALTER` covers `ALTER TTL`. */
function beyond(given: readonly string[], allowed: readonly string[]): readonly string[] {
  return given.filter((right) => {
    const [privilege = '', on = ''] = right.split(' ON ');
    return !allowed.some((one) => {
      const [wide = '', where = ''] = one.split(' ON ');
      return where === on && (privilege === wide || privilege.startsWith(`${wide} `));
    });
  });
}
