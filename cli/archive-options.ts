/** The options of `obsctl gateway` that say what becomes of the archive. */
import type { Command } from 'commander';
import { parseBytes, parseDurationMs } from '../core/units.ts';
import type { GatewayConfig } from '../gateway/config.ts';
import { parseOption } from './parse-option.ts';

export type ArchiveOptions = {
  readonly archive?: string;
  readonly archiveCodec?: string;
  readonly archiveFileSize?: string;
  readonly archiveFileAge?: string;
  readonly archiveSize?: string;
};

type ArchiveConfig = {
  readonly [Key in
    | 'archiveDir'
    | 'archiveCodec'
    | 'archiveFileBytes'
    | 'archiveFileAgeMs'
    | 'archiveBytesMax']: GatewayConfig[Key] | undefined;
};

export function addArchiveOptions(command: Command): void {
  command
    .optionsGroup('Parquet files beside ClickHouse:')
    .option('--archive <dir>', 'writes everything that is stored to files there (default: none)')
    .option('--archive-codec <codec>', 'zstd or snappy (default: zstd)')
    .option('--archive-file-size <bytes>', 'closes files at this size (default: 64Mi)')
    .option('--archive-file-age <duration>', 'closes files at this age (default: 600s)')
    .option(
      '--archive-size <bytes>',
      'what all files may take before the log fills (default: 50Gi)',
    );
}

/** Undefined where nothing was given. */
export function archiveConfigOf(options: ArchiveOptions): ArchiveConfig {
  const { archive, archiveCodec, archiveFileSize, archiveFileAge, archiveSize } = options;
  const [bytes, duration] = ['a size such as 64Mi', 'a duration such as 10m'];
  return {
    archiveDir: archive,
    archiveCodec: parseOption('--archive-codec', archiveCodec, parseCodec, 'zstd or snappy'),
    archiveFileBytes: parseOption('--archive-file-size', archiveFileSize, parseBytes, bytes),
    archiveFileAgeMs: parseOption('--archive-file-age', archiveFileAge, parseDurationMs, duration),
    archiveBytesMax: parseOption('--archive-size', archiveSize, parseBytes, bytes),
  };
}

function parseCodec(text: string): GatewayConfig['archiveCodec'] | undefined {
  return text === 'zstd' || text === 'snappy' ? text : undefined;
}
