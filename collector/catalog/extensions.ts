/** Extensions, as of v0.161 (September 2026); see `receivers.ts` for where the facts come from. */
import { allBinaries, type Binary, type ComponentInfo, contrib, core } from './component.ts';

const firstTwo: readonly Binary[] = ['0.149', '0.155'];

export const extensions: readonly ComponentInfo[] = [
  core('extension', 'zpages', 'zpagesextension', {}, { stability: 'beta', binaries: allBinaries }),
  contrib(
    'extension',
    'health_check',
    'healthcheckextension',
    {},
    { stability: 'alpha', binaries: allBinaries },
  ),
  contrib(
    'extension',
    'file_storage',
    'storage/filestorage',
    {},
    { stability: 'beta', binaries: allBinaries },
  ),
  contrib('extension', 'pprof', 'pprofextension', {}, { stability: 'beta', binaries: allBinaries }),
  contrib(
    'extension',
    'k8s_leader_elector',
    'k8sleaderelector',
    {},
    { stability: 'alpha', binaries: ['0.149'] },
  ),
  contrib('extension', 'k8s_observer', 'observer/k8sobserver', {}, { stability: 'alpha' }),
  contrib('extension', 'docker_observer', 'observer/dockerobserver', {}, { stability: 'beta' }),
  contrib('extension', 'host_observer', 'observer/hostobserver', {}, { stability: 'beta' }),
  contrib(
    'extension',
    'bearertokenauth',
    'bearertokenauthextension',
    {},
    { stability: 'beta', binaries: allBinaries },
  ),
  contrib(
    'extension',
    'basicauth',
    'basicauthextension',
    {},
    { stability: 'beta', binaries: firstTwo },
  ),
  contrib('extension', 'oauth2client', 'oauth2clientauthextension', {}, { stability: 'beta' }),
  contrib('extension', 'headers_setter', 'headerssetterextension', {}, { stability: 'alpha' }),
  contrib('extension', 'cgroupruntime', 'cgroupruntimeextension', {}, { stability: 'alpha' }),
  contrib('extension', 'opamp', 'opampextension', {}, { stability: 'alpha', binaries: ['0.149'] }),
];
