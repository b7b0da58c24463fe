import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { distroDockerfile, distroManifest } from './distro.ts';
import { readConfig } from './read.ts';

const agent = readConfig({
  receivers: {
    otlp: {},
    'otlp/second': {},
    file_log: {},
    prometheus: {
      config: {
        scrape_configs: [
          { job_name: 'a', kubernetes_sd_configs: [], static_configs: [] },
          { job_name: 'b', ec2_sd_configs: [], file_sd_configs: [] },
        ],
      },
    },
  },
  exporters: { otlp_grpc: {} },
});
const cluster = readConfig({
  receivers: { receiver_creator: { receivers: { 'redis/x': { rule: 'type == "port"' } } } },
  exporters: { otlp_grpc: {}, otlp: {} },
  extensions: { 'file_storage/queue': {} },
});

const gomods = (text: string, section: string): readonly string[] =>
  (parse(text)[section] ?? []).map(({ gomod }: { gomod: string }) => gomod.split('/').at(-1));

describe('the manifest of a distribution', () => {
  it('has each module of all configurations once, also of receivers that another starts', () => {
    const text = distroManifest([agent, cluster], '0.149.0');
    expect(gomods(text, 'receivers')).toEqual([
      'filelogreceiver v0.149.0',
      'prometheusreceiver v0.149.0',
      'receivercreator v0.149.0',
      'redisreceiver v0.149.0',
      'otlpreceiver v0.149.0',
    ]);
    // The old and the new name of one exporter are one module.
    expect(gomods(text, 'exporters')).toEqual(['otlpexporter v0.149.0']);
    expect(gomods(text, 'extensions')).toEqual(['filestorage v0.149.0']);
  });

  it.each([
    ['0.149.0', 'v1.55.0'],
    ['0.155', 'v1.61.0'],
    ['0.161.3', 'v1.67.0'],
  ])('for %s has its providers at %s', (version, paired) => {
    expect(gomods(distroManifest([agent], version), 'providers')).toEqual([
      `envprovider ${paired}`,
      `fileprovider ${paired}`,
      `yamlprovider ${paired}`,
    ]);
  });

  it('leaves out every service discovery that no scrape names', () => {
    const tags = (configs: Parameters<typeof distroManifest>[0], version = '0.149.0') =>
      parse(distroManifest(configs, version)).dist.build_tags;
    expect(tags([agent])).toBe('grpcnotrace,remove_all_sd,enable_aws_sd,enable_kubernetes_sd');
    expect(tags([cluster])).toBe('grpcnotrace');
    expect(tags([agent], '0.144.0')).toBe('grpcnotrace');
  });

  it('is the same bytes whatever the order of the configurations', () => {
    const text = distroManifest([agent, cluster], '0.149.0');
    expect(distroManifest([cluster, agent], '0.149.0')).toBe(text);
  });

  it('is refused for a component without a known module', () => {
    const strange = readConfig({ processors: { 'sparkle/a': {} } });
    expect(() => distroManifest([strange], '0.149.0')).toThrow(
      expect.objectContaining({ code: 'OBS-1103', where: 'processors.sparkle/a' }),
    );
  });

  it('is built by the builder of the same version, for a user without rights', () => {
    const text = distroDockerfile('0.155.0');
    expect(text).toContain('collector/cmd/builder@v0.155.0');
    expect(text).toContain('USER 10001:10001');
  });
});
