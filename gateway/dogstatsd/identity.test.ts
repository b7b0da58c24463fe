/** Tags and origin as attributes (DSD-3, DSD-5). */
import { describe, expect, it } from '@jest/globals';
import { canonicalTags, labelsOf, noOrigin, parseOrigin } from './identity.ts';

describe('tags', () => {
  it('are the same for every order, with repeats and empty ones', () => {
    const expected = ['a', 'a:1', 'b:2', 'b:3'];
    expect(canonicalTags(['b:3', 'a:1', 'a', 'b:2'])).toEqual(expected);
    expect(canonicalTags(['a', '', 'b:2', 'b:3', 'a:1', 'a:', 'a:1', ':'])).toEqual(expected);
  });

  it('name the resource where OpenTelemetry has a word for it, else they are attributes', () => {
    const tags = ['service:shop', 'env:prod', 'version:1.2', 'host:h1', 'route:/a:b', 'debug'];
    expect(labelsOf(canonicalTags(tags), noOrigin)).toEqual({
      resource: [
        ['deployment.environment.name', 'prod'],
        ['host.name', 'h1'],
        ['service.name', 'shop'],
        ['service.version', '1.2'],
      ],
      attributes: [
        ['debug', ''],
        ['route', '/a:b'],
      ],
    });
  });

  it('of one key have all their values, with commas between', () => {
    const tags = canonicalTags(['role:web', 'role:api', 'service:b', 'service:a', 'x', 'x:1']);
    expect(labelsOf(tags, noOrigin)).toEqual({
      resource: [['service.name', 'a,b']],
      attributes: [
        ['role', 'api,web'],
        ['x', '1'],
      ],
    });
  });

  it('without a value name no resource, and with a leading colon have no value', () => {
    expect(labelsOf(canonicalTags(['service', ':x', 'env:']), noOrigin)).toEqual({
      resource: [],
      attributes: [
        [':x', ''],
        ['env', ''],
        ['service', ''],
      ],
    });
  });

  it('of the agent name the pod, and which tags to add, which nobody does', () => {
    const tags = ['dd.internal.entity_id:11-22', 'dd.internal.card:low', 'a'];
    expect(labelsOf(canonicalTags(tags), noOrigin)).toEqual({
      resource: [['k8s.pod.uid', '11-22']],
      attributes: [['a', '']],
    });
    const none = canonicalTags(['dd.internal.entity_id:none']);
    expect(labelsOf(none, noOrigin)).toEqual({ resource: [], attributes: [] });
  });

  it('lose against a host that was named', () => {
    expect(labelsOf(['host:tag'], noOrigin, 'field').resource).toEqual([['host.name', 'field']]);
  });
});

describe('an origin', () => {
  it('is a container id in each of its forms, or an inode', () => {
    const table: readonly (readonly [string, Partial<typeof noOrigin>])[] = [
      ['', {}],
      ['abc123', { containerId: 'abc123' }],
      ['ci-abc', { containerId: 'abc' }],
      ['cid-abc', { containerId: 'abc' }],
      ['in-42', { inode: '42' }],
      ['in-x', {}],
      ['ci-abc,in-42', { containerId: 'abc' }],
      ['in-42,ci-abc', { containerId: 'abc' }],
      ['in-42,whatever', { inode: '42' }],
    ];
    for (const [text, expected] of table) {
      expect([text, parseOrigin(text, '')]).toEqual([text, { ...noOrigin, ...expected }]);
    }
  });

  it('has pod and container out of external data', () => {
    expect(parseOrigin('', 'it-false,cn-web,pu-11-22')).toEqual({
      ...noOrigin,
      podUid: '11-22',
      containerName: 'web',
    });
    expect(labelsOf([], parseOrigin('ci-a,in-1', 'cn-web,pu-1')).resource).toEqual([
      ['container.id', 'a'],
      ['k8s.container.name', 'web'],
      ['k8s.pod.uid', '1'],
    ]);
  });
});
