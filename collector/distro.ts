/**
 * The manifest from which the Collector's own builder (`go.opentelemetry.io/collector/cmd/builder`)
 * makes a binary with exactly the components that the given configurations use, and the recipe of
 * its image. Versions come in pairs: components at v0.N, the stable providers at v1.(N−94).
 */
import { Document } from 'yaml';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import type { ComponentInfo } from './catalog/component.ts';
import { findComponent, splitId } from './catalog.ts';
import type { CollectorConfig, ComponentKind } from './types.ts';
import { minorOf, stableModuleVersion } from './versions.ts';

/** Name of the program and of the image that are built. */
const distroName = 'otelcol-obsctl';

const kinds: readonly ComponentKind[] = [
  'extension',
  'receiver',
  'processor',
  'exporter',
  'connector',
];

/** A list of providers replaces the built-in set; without `env` no Collector starts. */
const providers = ['env', 'file', 'yaml'] as const;

/** From here on the Prometheus receiver's service discoveries can be left out by a build tag. */
const discoveryTagsMinor = 145;

/** Service discoveries that are always in: static targets, `file_sd`, `http_sd`. */
const alwaysThere: ReadonlySet<string> = new Set(['file', 'http']);

/** Discoveries whose build tag is called after the library and not after the key. */
const tagOfDiscovery: Readonly<Record<string, string>> = {
  ec2: 'aws',
  ecs: 'aws',
  lightsail: 'aws',
  msk: 'aws',
  docker: 'moby',
  dockerswarm: 'moby',
  kuma: 'xds',
  nerve: 'zookeeper',
  serverset: 'zookeeper',
};

/** Every component that one of the configurations names, each once, in the order of its module. */
export function componentsOf(configs: readonly CollectorConfig[]): readonly ComponentInfo[] {
  const found = new Map<string, ComponentInfo>();
  const add = (kind: ComponentKind, id: string): void => {
    const info = findComponent(kind, splitId(id).type);
    if (info === undefined) {
      throw new Problem('OBS-1103', `no Go module is known for the ${kind} “${id}”`, {
        where: `${kind}s.${id}`,
      });
    }
    found.set(info.module, info);
  };
  for (const config of configs) {
    for (const kind of kinds) {
      for (const [id, inner] of Object.entries(config[`${kind}s`])) {
        add(kind, id);
        // It starts receivers of its own, which stand in no pipeline.
        if (splitId(id).type !== 'receiver_creator') continue;
        for (const started of Object.keys(asObject(inner['receivers']))) add('receiver', started);
      }
    }
  }
  return [...found.values()].sort((left, right) => (left.module < right.module ? -1 : 1));
}

export function distroManifest(configs: readonly CollectorConfig[], version: string): string {
  const components = componentsOf(configs);
  // Core and contrib publish patches apart, but every minor version of both has a `.0`.
  const minor = minorOf(version);
  const lists = kinds.map((kind) => [
    `${kind}s`,
    components
      .filter((info) => info.kind === kind)
      .map((info) => ({ gomod: `${info.module} v0.${minor}.0` })),
  ]);
  const manifest = {
    dist: {
      name: distroName,
      module: `obsctl.local/${distroName}`,
      description: 'The Collector with the components that this stack uses, and no others',
      version: `0.${minor}.0`,
      output_path: './build',
      build_tags: buildTags(configs, minor),
    },
    ...Object.fromEntries(lists.filter(([, list]) => list!.length > 0)),
    providers: providers.map((name) => ({
      gomod:
        `go.opentelemetry.io/collector/confmap/provider/${name}provider ` +
        stableModuleVersion(`0.${minor}.0`),
    })),
  };
  const document = new Document(manifest, { aliasDuplicateObjects: false });
  document.commentBefore =
    ' Made by `obsctl distro` from the rendered configurations: change the stack file instead.\n' +
    ` Build: go install go.opentelemetry.io/collector/cmd/builder@v0.${minor}.0\n` +
    '        builder --config manifest.yaml';
  return document.toString({ lineWidth: 0 });
}

/** `grpcnotrace` lets the linker leave out what gRPC's tracing page would keep alive. */
function buildTags(configs: readonly CollectorConfig[], minor: number): string {
  const tags = ['grpcnotrace'];
  const scrapes = configs.some((config) =>
    Object.keys(config.receivers).some((id) => splitId(id).type === 'prometheus'),
  );
  if (!scrapes || minor < discoveryTagsMinor) return tags.join(',');
  return [...tags, 'remove_all_sd', ...discoveryTags(configs)].join(',');
}

function discoveryTags(configs: readonly CollectorConfig[]): readonly string[] {
  const names = configs.flatMap((config) =>
    Object.entries(config.receivers).flatMap(([id, inner]) =>
      splitId(id).type === 'prometheus' ? discoveriesOf(asObject(inner['config'])) : [],
    ),
  );
  const used = names.filter((name) => !alwaysThere.has(name));
  return [...new Set(used.map((name) => `enable_${tagOfDiscovery[name] ?? name}_sd`))].sort();
}

function discoveriesOf(config: JsonObject): readonly string[] {
  const jobs = config['scrape_configs'];
  if (!Array.isArray(jobs)) return [];
  return jobs.flatMap((job: JsonValue) =>
    Object.keys(asObject(job)).flatMap((key) => /^(\w+)_sd_configs$/.exec(key)?.[1] ?? []),
  );
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

/** Builds for each platform on the machine's own; the result holds the program and nothing else. */
export function distroDockerfile(version: string): string {
  const minor = minorOf(version);
  return `# Made by \`obsctl distro\`: the image of the Collector that manifest.yaml describes.
# docker buildx build --platform linux/amd64,linux/arm64 -t ${distroName}:0.${minor}.0 .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /work
RUN go install go.opentelemetry.io/collector/cmd/builder@v0.${minor}.0
COPY manifest.yaml .
RUN builder --config manifest.yaml --skip-compilation
RUN cd build && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \\
    go build -trimpath -ldflags="-s -w" -tags "$(sed -n 's/^ *build_tags: //p' ../manifest.yaml)" \\
    -o /${distroName} .

# No shell and no package manager; certificates, time zones and the user are there.
FROM gcr.io/distroless/static-debian12
COPY --from=build /${distroName} /${distroName}
USER 10001:10001
ENTRYPOINT ["/${distroName}"]
CMD ["--config=/etc/otelcol/config.yaml"]
`;
}
