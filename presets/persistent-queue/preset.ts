/**
 * Preset `persistent_queue`: what waits for the gateway waits on disk, so neither a restart of the
 * agent nor an absence of the gateway loses what the queue has room for.
 */
import { parseBytes } from '../../core/units.ts';
import { gatewayExporterId, queueStorageId } from '../gateway-exporter.ts';
import type { Preset } from '../preset.ts';
import type { PersistentQueueOptions } from './config.ts';

const queueDirectory = '/var/lib/otelcol/queue';

export const persistentQueue: Preset<PersistentQueueOptions> = {
  name: 'persistent_queue',
  summary: 'Keeps what waits for the gateway on disk.',
  agents: ['node-agent'],
  build: (options) => ({
    piece: {
      preset: 'persistent_queue',
      components: [
        {
          kind: 'exporter',
          id: gatewayExporterId,
          config: {
            sending_queue: {
              storage: queueStorageId,
              queue_size: parseBytes(options.queue_size) ?? 0,
            },
          },
        },
        {
          kind: 'extension',
          id: queueStorageId,
          config: {
            directory: queueDirectory,
            create_directory: true,
            fsync: options.fsync,
            timeout: '1s',
            // The file keeps its largest size otherwise, long after the gateway is back.
            compaction: { directory: queueDirectory, on_start: true, on_rebound: true },
          },
        },
      ],
      attachments: [],
    },
    needs: { stateDirs: [{ name: 'queue', mountPath: queueDirectory }] },
  }),
};
