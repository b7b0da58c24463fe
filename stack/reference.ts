/** `docs/reference/stack.md`: every key of the stack file, drawn from its schema. Pure. */
import { generatedNote, markdownTable } from '../core/markdown.ts';
import { asTyped, type SchemaNode, stackDocument, typeText } from './document.ts';

/** The page, whole. */
export function stackReference(): string {
  const top = Object.entries(stackDocument().properties ?? {});
  const [plain, maps] = [
    top.filter(([, node]) => childrenOf(node).length === 0),
    top.filter(([, node]) => childrenOf(node).length > 0),
  ];
  return `${[
    '# The stack file',
    generatedNote('stack/schema.ts and presets/*/config.ts'),
    '`obs.yaml`, or `obs.config.ts` with `export default defineStack({...})`. Unknown keys are' +
      ' errors. `${env:NAME}` and `${env:NAME:-default}` in a text are replaced from the' +
      ' environment, `$$` is a dollar sign. What is named is rendered: an agent, a preset or' +
      ' Grafana is on when its key is there, and `key:` alone or `key: true` means its defaults.',
    'Sizes are bytes with a suffix (`512Mi`, `10Gi`), durations have a unit (`300ms`, `10s`,' +
      ' `1h30m`), retention is in whole days (`7d`). `obsctl explain KEY` prints one row of this' +
      ' page, `obsctl schema` the JSON Schema.',
    tableOf(plain.map(([key, node]) => ({ path: key, node }))),
    ...maps.flatMap(([key, node]) => partOf(key, node)),
  ].join('\n\n')}\n`;
}

type Row = { readonly path: string; readonly node: SchemaNode };

/** One top-level key: its own keys, and a table for each preset. */
function partOf(key: string, node: SchemaNode): readonly string[] {
  const presets = Object.entries(node.properties?.['presets']?.properties ?? {});
  const rows = rowsBelow(key, node).filter(({ path }) => !path.startsWith(`${key}.presets.`));
  const example = node.examples?.[0];
  return [
    `## ${key}`,
    `${node.description ?? ''}.`.replace('..', '.'),
    ...(example === undefined ? [] : [`\`\`\`yaml\n${key}: ${asTyped(example)}\n\`\`\``]),
    tableOf(rows),
    ...presets.flatMap(([name, preset]) => {
      const below = rowsBelow('', preset);
      return [
        `### ${key}.presets.${name}`,
        preset.description ?? '',
        ...(below.length === 0 ? [] : [tableOf(below)]),
      ];
    }),
  ];
}

/** Every key below `node`, maps before what is in them; a name the user chooses is `NAME`. */
function rowsBelow(prefix: string, node: SchemaNode): readonly Row[] {
  const under = (key: string) => (prefix === '' ? key : `${prefix}.${key}`);
  return childrenOf(node).flatMap(([key, child]) => {
    const path = key === '[]' ? `${prefix}[]` : under(key);
    const own = key === 'NAME' || key === '[]' ? [] : [{ path, node: child }];
    return [...own, ...rowsBelow(path, child)];
  });
}

function childrenOf(node: SchemaNode): readonly (readonly [string, SchemaNode])[] {
  return [node, ...(node.anyOf ?? [])].flatMap((option) => {
    const other = option.additionalProperties;
    return [
      ...Object.entries(option.properties ?? {}),
      ...(option.items?.properties === undefined ? [] : [['[]', option.items] as const]),
      ...(typeof other === 'object' ? [['NAME', other] as const] : []),
    ];
  });
}

function tableOf(rows: readonly Row[]): string {
  return markdownTable(
    ['key', 'what it is for', 'type', 'default', 'example'],
    rows.map(({ path, node }) => {
      const example = node.examples?.[0];
      return [
        `\`${path}\``,
        (node.description ?? '').replace(/\.$/, ''),
        typeText(node),
        node.default === undefined ? '' : `\`${asTyped(node.default)}\``,
        example === undefined ? '' : `\`${asTyped(example)}\``,
      ];
    }),
  );
}
