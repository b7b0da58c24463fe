import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../core/json.ts';
import { catalog } from './catalog.ts';
import { checkKeys } from './check-keys.ts';
import { publishedKeys } from './keys/published.ts';
import { readConfig } from './read.ts';

const check = (receiver: JsonObject, version = '0.161.0') =>
  checkKeys(readConfig({ receivers: { k8s_objects: receiver } }), version).map(
    ({ path, message }) => `${path}: ${message}`,
  );

describe('a component that no binary of ours has', () => {
  it('passes when its keys are those of its published schema', () => {
    const objects = [{ name: 'pods', mode: 'pull', interval: '1h30m', namespaces: ['a'] }];
    expect(check({ auth_type: 'serviceAccount', objects })).toEqual([]);
  });

  it.each<[JsonObject, string]>([
    [
      { objets: [] },
      'receivers.k8s_objects.objets: there is no key “objets”; did you mean “objects”?',
    ],
    [{ objects: {} }, 'receivers.k8s_objects.objects: expected a list'],
    [
      { auth_type: 'token' },
      'receivers.k8s_objects.auth_type: expected one of none, serviceAccount, kubeConfig, tls',
    ],
    [
      { objects: [{ interval: '1 h' }] },
      'receivers.k8s_objects.objects.0.interval: expected a duration',
    ],
    [
      { include_initial_state: 'yes' },
      'receivers.k8s_objects.include_initial_state: expected a boolean',
    ],
    [{ constructor: 1 }, 'receivers.k8s_objects.constructor: there is no key “constructor”'],
  ])('%j is refused with its place', (receiver, message) => {
    expect(check(receiver)).toEqual([message]);
  });

  it('may not have a key that came with a later version', () => {
    expect(check({ storage: 'file_storage/x' }, '0.149.0')).toEqual([
      'receivers.k8s_objects.storage: the key came with 0.151, and this is 0.149',
    ]);
    expect(check({ storage: 'file_storage/x' }, '0.151.0')).toEqual([]);
  });

  it('leaves to the Collector what a reference stands for', () => {
    expect(check({ interval: `\${env:INTERVAL}` })).toEqual([]);
  });

  it('is one that the catalog has, and no binary', () => {
    for (const key of publishedKeys.keys()) {
      expect([key, catalog.get(key as 'receiver/kafka')?.binaries]).toEqual([key, []]);
    }
  });
});
