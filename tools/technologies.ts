/**
 * The table of technologies: every image that an example runs, and what is there beside images,
 * with role, licence and who hosts it. An image without an entry is an error: somebody's licence
 * would go unsaid.
 */
import { readFileSync } from 'node:fs';
import { type Technology, technologyOf } from '../cli/render/images.ts';
import { renderSystem } from '../cli/render/system.ts';
import { imagesOf } from '../cli/render/talk.ts';
import { markdownTable } from '../core/markdown.ts';
import { loadStack } from '../stack/load.ts';
import { examples, pathOf } from './examples.ts';

const start = '<!-- technologies: npm run update -->';
const end = '<!-- /technologies -->';

/** Not an image of a rendered set: what people run beside it. */
const beside: readonly string[] = ['obsctl'];

function technologies(): readonly Technology[] {
  const images = examples
    .filter(({ file, target }) => file.endsWith('.yaml') && target === 'kubernetes')
    .flatMap((example) => {
      const result = loadStack(readFileSync(pathOf(example), 'utf8'), example.file);
      return 'stack' in result ? imagesOf(renderSystem(result.stack).objects) : [];
    });
  const found = [...beside, ...new Set(images)].map((image) => {
    const technology = technologyOf(image);
    if (technology === undefined) throw new Error(`${image} has no entry in cli/render/images.ts`);
    return technology;
  });
  return [...new Set(found)];
}

function technologiesTable(): string {
  const rows = technologies().map(({ name, role, licence, source, hosting }) => [
    source.startsWith('http') ? `[${name}](${source})` : name,
    role,
    licence,
    hosting,
  ]);
  return markdownTable(['technology', 'role', 'licence', 'hosting'], rows);
}

/** `readme` with the table as it is now between the two marks. */
export function withTechnologies(readme: string): string {
  const [before, rest] = [readme.indexOf(start), readme.indexOf(end)];
  if (before < 0 || rest < 0) throw new Error(`README.md lacks ${start} … ${end}`);
  return `${readme.slice(0, before)}${start}\n${technologiesTable()}\n${readme.slice(rest)}`;
}
