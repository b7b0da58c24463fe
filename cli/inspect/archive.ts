/** How `obsctl inspect` shows an archive's directory. */
import { formatBytes } from '../../core/units.ts';
import type { SeenArchive, SeenBatch } from '../../gateway/archive/inspect.ts';
import { hourFolder } from '../../gateway/archive/layout.ts';

const batchesShownMax = 20;

/** Whether every file of a complete batch is there as it was written. */
export function isWhole({ batches }: SeenArchive): boolean {
  return batches.every(({ files }) => files.every(({ state }) => state === 'whole'));
}

export function archiveJson(dir: string, { batches, open }: SeenArchive): string {
  const shown = batches.map(({ gateway, lane, first, last, hour, state, files }) => ({
    ...{ gateway, lane, positions: { first, last }, hour: hourFolder(hour), state },
    files: files.map(({ firstEventNs, lastEventNs, ...file }) => ({
      ...file,
      first_event_ns: firstEventNs,
      last_event_ns: lastEventNs,
    })),
  }));
  return `${JSON.stringify({ archive_dir: dir, batches: shown, open })}\n`;
}

export function archiveText(dir: string, seen: SeenArchive): string {
  const files = seen.batches.flatMap((batch) => batch.files);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const lines = [
    `${dir}: ${files.length} files in ${seen.batches.length} batches, ` +
      `${rows} rows, ${formatBytes(bytes)}`,
  ];
  // The latest are looked for most.
  for (const batch of seen.batches.slice(-batchesShownMax)) lines.push('', ...batchLines(batch));
  if (seen.batches.length > batchesShownMax) lines.push('', '… (--json shows all)');
  lines.push('', `being written: ${seen.open.length === 0 ? 'nothing' : ''}`.trimEnd());
  for (const { name, bytes: size } of seen.open) lines.push(`  ${name}  ${formatBytes(size)}`);
  return `${lines.join('\n')}\n`;
}

function batchLines({ lane, first, last, hour, state, files }: SeenBatch): readonly string[] {
  const note = state === 'begun' ? ', begun: the next start writes it again' : '';
  return [
    `lane ${lane}, positions ${first} to ${last}, ${hourFolder(hour)}${note}`,
    ...files.map(({ table, rows, bytes, state: found }) => {
      const fault = found === 'whole' ? '' : `  ${found}`;
      const count = String(rows).padStart(9);
      return `  ${table.padEnd(36)} ${count} rows  ${formatBytes(bytes)}${fault}`;
    }),
  ];
}
