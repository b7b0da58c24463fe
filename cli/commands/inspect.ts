/** `obsctl inspect`: what a gateway's data directory holds, also while a gateway uses it. */
import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { formatBytes } from '../../core/units.ts';
import type { SeenDirectory, SeenLane } from '../../gateway/inspect.ts';
import type { CliContext } from '../context.ts';

type InspectOptions = {
  readonly dataDir?: string;
  readonly verify?: boolean;
  readonly json?: boolean;
};

const sealsShownMax = 10;
const lettersShownMax = 20;

export function registerInspect(program: Command, context: CliContext): void {
  program
    .command('inspect')
    .description("show what a gateway's directory holds: its log, dead letters; or its archive")
    .argument('[dir]', "a gateway's data directory or archive (default: obsctl-data/gateway)")
    .option('--data-dir <dir>', 'the same')
    .option('--verify', 'of an archive: reads every file and compares its hash')
    .option('--json', 'everything, as one JSON line')
    .addHelpText(
      'after',
      '\nReads only, takes no lock: safe beside a running gateway.\n' +
        '\nExamples:\n  obsctl inspect /var/lib/obsctl/gateway\n' +
        '  obsctl inspect /var/lib/obsctl/archive --verify\n',
    )
    .action((dir: string | undefined, options: InspectOptions) =>
      runInspect(dir, options, context),
    );
}

async function runInspect(
  dir: string | undefined,
  options: InspectOptions,
  context: CliContext,
): Promise<void> {
  const { gatewayConfigDefault } = await import('../../gateway/config.ts');
  const { inspectArchive, isArchive } = await import('../../gateway/archive/inspect.ts');
  const { inspectDirectory } = await import('../../gateway/inspect.ts');
  const place = dir ?? options.dataDir ?? gatewayConfigDefault().dataDir;
  const look = async (): Promise<string> => {
    const isJson = options.json === true;
    if (await isArchive(place)) {
      const { archiveJson, archiveText, isWhole } = await import('../inspect/archive.ts');
      const seen = await inspectArchive(place, options.verify === true);
      if (!isWhole(seen)) context.exitWith(1);
      return isJson ? archiveJson(place, seen) : archiveText(place, seen);
    }
    const seen = await inspectDirectory(place);
    return isJson ? `${jsonOf(place, seen)}\n` : textOf(place, seen);
  };
  const text = await look().catch((error: unknown) => {
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2022', reason, { where: place, cause: error });
  });
  context.stdout(text);
}

/** Names as in the rest of the JSON that obsctl prints. */
function jsonOf(dataDir: string, { gateway, lanes, deadLetters }: SeenDirectory): string {
  return JSON.stringify({
    data_dir: dataDir,
    gateway,
    lanes: lanes.map((lane) => ({
      name: lane.name,
      id: lane.id,
      positions: { acknowledged: lane.acknowledged, end: lane.end },
      segments: lane.segments,
      spare_files: lane.spareFiles,
      waiting: { records: lane.records, unknown_records: lane.unknownRecords },
      seals: lane.seals.map(({ id, first, last, firstReceivedMs, units }) => ({
        id,
        first,
        last,
        received_at: new Date(firstReceivedMs).toISOString(),
        units: units.map(({ table, partition, rows, bytes }) => ({
          table,
          partition,
          rows,
          bytes,
        })),
      })),
      damaged: lane.damaged,
      notes: lane.notes,
    })),
    dead_letters: deadLetters.map((note) => ({
      seal: note.seal,
      table: note.table,
      partition: note.partition,
      rows: note.rows,
      unit_rows: note.unitRows,
      bytes: note.bytes,
      reason: note.reason,
      received_at: new Date(note.firstReceivedMs).toISOString(),
    })),
  });
}

function textOf(dataDir: string, { gateway, lanes, deadLetters }: SeenDirectory): string {
  const lines = [`${dataDir}: gateway ${gateway === '' ? '(none yet)' : gateway}`];
  for (const lane of lanes) lines.push('', ...laneLines(lane));
  lines.push('', `dead letters: ${deadLetters.length === 0 ? 'none' : deadLetters.length}`);
  for (const note of deadLetters.slice(0, lettersShownMax)) {
    const of = note.rows === note.unitRows ? '' : ` of ${note.unitRows}`;
    lines.push(`  seal ${note.seal}, ${note.table} ${note.partition}: ${note.rows}${of} rows`);
    lines.push(`    ${note.reason.split('\n')[0]}`);
  }
  if (deadLetters.length > lettersShownMax) lines.push('  … (--json shows all)');
  if (deadLetters.length > 0) lines.push('  replay them: obsctl replay --all');
  return `${lines.join('\n')}\n`;
}

function laneLines(lane: SeenLane): readonly string[] {
  const bytes = lane.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const waitingBytes = formatBytes(Math.max(0, lane.end - lane.acknowledged));
  const { traces, metrics, logs } = lane.records;
  const lines = [
    `lane ${lane.name}${lane.id === '' ? ' (empty)' : ''}`,
    `  segments  ${lane.segments.length} (${formatBytes(bytes)}), ${lane.spareFiles} spare`,
    `  positions acknowledged ${lane.acknowledged}, end ${lane.end}: ${waitingBytes} behind`,
    `  records   waiting: ${traces} traces, ${metrics} metrics, ${logs} logs`,
    `  seals     waiting: ${lane.seals.length}`,
  ];
  for (const seal of lane.seals.slice(0, sealsShownMax)) {
    const rows = seal.units.reduce((sum, unit) => sum + unit.rows, 0);
    const at = new Date(seal.firstReceivedMs).toISOString();
    lines.push(`    ${seal.id}  ${at}  ${rows} rows in ${seal.units.length} units`);
  }
  if (lane.seals.length > sealsShownMax) lines.push('    … (--json shows all)');
  for (const { from, to, reason } of lane.damaged) {
    lines.push(`  damaged   positions ${from} to ${to}: ${reason}`);
  }
  for (const note of lane.notes) lines.push(`  note      ${note}`);
  if (lane.unknownRecords > 0) {
    lines.push(
      `  note      ${lane.unknownRecords} records of kinds that this version does not know`,
    );
  }
  return lines;
}
