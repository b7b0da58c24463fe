/**
 * The builder manifest of the Collector 0.149 as a peer: ours (`collector/distro.ts`) for every
 * component of the catalog, without what `collector-0.149.yaml` leaves out, each with its reason.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, parse, parseDocument } from 'yaml';
import { catalog } from '../../collector/catalog.ts';
import { distroManifest } from '../../collector/distro.ts';
import type { CollectorConfig, ComponentKind } from '../../collector/types.ts';

type Differences = {
  readonly instead: readonly { module: string; version: string; reason: string }[];
  readonly left_out: readonly { reason: string; components: readonly string[] }[];
};

const peerVersion = '0.149.0';

function readDifferences(): Differences {
  return parse(readFileSync(join(import.meta.dirname, 'collector-0.149.yaml'), 'utf8'));
}

/** Keys of the catalog that this peer is built without. */
export function leftOut(): ReadonlySet<string> {
  return new Set(readDifferences().left_out.flatMap(({ components }) => components));
}

export function peerManifest(outputPath: string): string {
  const without = leftOut();
  const keys = [...catalog.keys()].filter((key) => !without.has(key));
  let text = distroManifest([configOf(keys)], peerVersion);
  for (const { module, version } of readDifferences().instead) {
    text = text.replace(`${module} v${peerVersion}`, `${module} ${version}`);
  }
  const document = parseDocument(text);
  document.setIn(['dist', 'output_path'], outputPath);
  // Tests run fixtures on this machine: every discovery stays in the peer.
  const dist = document.get('dist');
  if (isMap(dist)) dist.delete('build_tags');
  return document.toString({ lineWidth: 0 });
}

/** A configuration that names each of them once. */
function configOf(keys: readonly string[]): CollectorConfig {
  const ids = (kind: ComponentKind): Record<string, Record<string, never>> =>
    Object.fromEntries(
      keys
        .filter((key) => key.startsWith(`${kind}/`))
        .map((key) => [key.slice(kind.length + 1), {}]),
    );
  return {
    extensions: ids('extension'),
    receivers: ids('receiver'),
    processors: ids('processor'),
    exporters: ids('exporter'),
    connectors: ids('connector'),
    service: { extensions: [], pipelines: {}, telemetry: {} },
  };
}
