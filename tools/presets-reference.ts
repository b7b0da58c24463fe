/**
 * The page about presets: what each adds, where it may stand, and which real Collector has judged
 * it. `test/collector/presets-judged.test.ts` lets exactly these binaries judge, by the same rule.
 */
import { generatedNote, markdownTable as table } from '../core/markdown.ts';
import { allPresets, type KnownPreset } from '../presets/all.ts';
import type { PresetContext } from '../presets/preset.ts';
import { agentKeys, presetKeys } from '../stack/agents.ts';
import { judgeOf } from './judges.ts';

export function presetsReference(): string {
  return `# Presets

${generatedNote('`presets/all.ts` and the catalog of components')}

A preset is a named bundle of Collector components with options of its own; it stands in an agent
when its key is under \`presets\` of that agent in the stack file. Each has a page beside its code
that says what it needs and costs.

${table(['preset', 'what it does', 'in', 'details'], allPresets.map(presetRow))}

Further OTLP back ends are no preset of one agent: the key \`extra_exporters\` of the stack adds
them to any of the Collectors ([README](../../presets/extra-exporters/README.md)).

## Judged by

No single binary that can be built from public modules has all components, so there are three: 0.149
has what agents use, 0.155 the connectors, 0.161 the ClickHouse exporter and load balancing. Every
preset is rendered alone, and with every other of its agent, for the default version, 0.149, and
where another binary lacks fewer of its components for that version too, and the \`validate\` of
each must accept it; so must each case of \`presets/*/testdata\`. What a binary lacks is cut out
before and judged by our catalog of components and the published schema of its keys alone.

${table(['preset', 'Collector', 'catalog alone'], allPresets.map(judgeRow))}

The gateway of flavor \`collector\` and the sampler's way to its own tier (\`load_balancing\`) are
judged by 0.161, \`extra_exporters\` by 0.149, which also runs them
(\`test/collector/presets-extra-exporters.test.ts\`).

A preset with “nothing to judge” adds no component to a Collector: it brings a program of its own.
`;
}

function presetRow(preset: KnownPreset): readonly string[] {
  const agents = agentKeys
    .filter((agent) => presetKeys[agent].includes(preset.name))
    .map((agent) => `\`${agent}\``)
    .join(', ');
  const page = `[README](../../presets/${preset.folder}/README.md)`;
  return [`\`${preset.name}\``, preset.summary, agents, page];
}

function judgeRow(preset: KnownPreset): readonly string[] {
  const keys = keysOf(preset);
  if (keys.length === 0) return [`\`${preset.name}\``, 'nothing to judge', ''];
  const { line, missing } = judgeOf(keys);
  const whole = missing.length === keys.length ? 'none has it' : line;
  const rest = missing.map((key) => `\`${key.split('/')[1]}\` (${key.split('/')[0]})`).join(', ');
  return [`\`${preset.name}\``, whole, rest];
}

function keysOf(preset: KnownPreset): readonly string[] {
  const { piece } = preset.build(preset.smallest, contextOf(preset));
  const keys = piece.components.map(({ kind, id }) => `${kind}/${id.split('/')[0]}`);
  return [...new Set(keys)];
}

function contextOf(preset: KnownPreset): PresetContext {
  return {
    agent: preset.agents[0] ?? 'node-agent',
    target: 'kubernetes',
    stack: 'shop',
    cluster: 'prod-eu',
    namespace: 'observability',
    agentsNamespace: 'observability-agents',
    collectorVersion: '0.149.0',
    kubernetesMinor: 33,
    platform: 'generic',
    gatewayEndpoint: 'shop-gateway.observability.svc:4317',
  };
}
