/** Globs over names of tables and columns: `*` and `?`, and all else as it stands. */

/** Whether `name` fits `glob`; both are whole. */
export function fitsGlob(glob: string, name: string): boolean {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'su').test(name);
}

/**
 * What the list picks out of `names`: what fits one glob at least and none that begins with `!`.
 * `idle` are the globs that fit nothing, which is a misspelling more often than not.
 */
export function pick<Named>(
  globs: readonly string[],
  names: readonly Named[],
  nameOf: (one: Named) => string,
): { readonly picked: readonly Named[]; readonly idle: readonly string[] } {
  const wanted = globs.filter((glob) => !glob.startsWith('!'));
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  const fitsAny = (list: readonly string[], one: Named): boolean =>
    list.some((glob) => fitsGlob(glob, nameOf(one)));
  const picked = names.filter((one) => fitsAny(wanted, one) && !fitsAny(unwanted, one));
  const idle = wanted.filter((glob) => !names.some((one) => fitsGlob(glob, nameOf(one))));
  return { picked, idle };
}
