/** Whether ClickHouse says that a table is not there (UNKNOWN_TABLE, code 60). */
export function saysNoTable(message: string): boolean {
  return /\bUnknown table\b|\bUNKNOWN_TABLE\b/.test(message);
}
