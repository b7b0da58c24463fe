/**
 * The hello query of clickhouse-go over HTTP (Grafana's data source, the Collector's exporter).
 * It sends `client_protocol_version` and for this one query expects the framing of the native
 * protocol; then it adopts the revision that we return. With revision 0 everything after is the
 * plain Native format, which chDB writes and reads.
 *
 *     block info `01 00 02 ff ff ff ff 00` · columns · rows ·
 *     for each column: name · type · one zero byte (no custom serialization) · values
 */
const blockInfo = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);

/** Whether a statement is that hello. */
export function isHello(sql: string, clientProtocolVersion: number | undefined): boolean {
  if (clientProtocolVersion === undefined) return false;
  const plain = sql.replace(/\s+/g, '').toLowerCase();
  return plain.startsWith('selectdisplayname(),version(),revision(),timezone()');
}

/** The answer, in the Native format. */
export function helloAnswer(displayName: string, version: string, timezone: string): Buffer {
  return Buffer.concat([
    blockInfo,
    Buffer.from([4, 1]),
    column('displayName()', 'String', stringOf(displayName)),
    column('version()', 'String', stringOf(version)),
    column('revision()', 'UInt32', Buffer.alloc(4)),
    column('timezone()', 'String', stringOf(timezone)),
  ]);
}

function column(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([stringOf(name), stringOf(type), Buffer.alloc(1), value]);
}

/** Names here are short: their length is one byte. */
function stringOf(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 127);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
