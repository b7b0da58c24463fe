/**
 * `npm run build`: emits JavaScript and declarations to `dist/`, because Node strips no types under
 * node_modules. What is not TypeScript (the page's style sheet and markup) is copied beside it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const project = join(root, 'tsconfig.build.json');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const done = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
if (done.status !== 0) process.exit(1);
for (const path of globSync('dashboards/preview/**/*.{html,css,svg}', { cwd: root })) {
  cpSync(join(root, path), join(root, 'dist', path));
}
for (const path of globSync('docs/errors/*.md', { cwd: root })) {
  cpSync(join(root, path), join(root, 'dist', path));
}
writeFileSync(join(root, 'dist', 'package.json'), '{ "type": "module" }\n');
process.stderr.write('dist/ is ready; `npm pack` makes the package\n');
