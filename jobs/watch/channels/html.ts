/** HTML in which every value is text, unless it was made here: escaping cannot be forgotten. */

export type Html = { readonly html: string };

type Value = string | Html | readonly Html[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A tag of templates. Values stand between tags, or within the double quotes of an attribute. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const texts = parts.map((part, index) => part + htmlOf(values[index] ?? ''));
  return { html: texts.join('') };
}

function htmlOf(value: Value): string {
  if (typeof value === 'string') return value.replaceAll(/[&<>"']/g, (one) => entities[one] ?? '');
  return 'html' in value ? value.html : value.map(({ html }) => html).join('');
}
