/**
 * `npm run update`: rewrites every generated file in the clone (golden DDL, rendered dashboards,
 * the decoder's core, golden Kubernetes objects, messages about wrong stack files, examples,
 * reference pages, READMEs of Terraform modules). Review the result as files.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { updateGolden as updateSchema } from '../clickhouse/golden.ts';
import { updateGolden as updateDashboards } from '../dashboards/render.ts';
import { updateGolden as updateKubernetes } from '../k8s/testdata/golden.ts';
import { updateGolden as updateStack } from '../stack/testdata/golden.ts';
import { actorsFile, actorsSvg } from './actors.ts';
import { updateCompose } from './compose-files.ts';
import { updateCore } from './decode-core.ts';
import { updateExamples } from './examples.ts';
import { updateReference } from './reference.ts';
import { withTechnologies } from './technologies.ts';
import { updateTerraformReadmes } from './terraform-readmes.ts';

await updateSchema(join(import.meta.dirname, '..'));
await updateCore();
await updateDashboards();
await updateKubernetes();
await updateStack();
updateExamples();
updateCompose();
await updateReference(join(import.meta.dirname, '..'));
await updateTerraformReadmes();
const root = join(import.meta.dirname, '..');
await writeFile(join(root, actorsFile), actorsSvg());
const readme = join(root, 'README.md');
await writeFile(readme, withTechnologies(await readFile(readme, 'utf8')));
process.stderr.write('generated files are up to date: look at `git diff`\n');
