/** Completion scripts: the tree of commands and options, written once for each shell. */
import type { Command, Option } from 'commander';
import { platforms } from '../stack/schema.ts';
import { partNames } from './render/parts.ts';

type Node = {
  /** Words after `obsctl`, joined by a space; empty for the program itself. */
  readonly path: string;
  readonly summary: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly Option[];
};

const programName = 'obsctl';

/** Values that an option takes, where they are few and known. */
const valueWords: Readonly<Record<string, readonly string[]>> = {
  '--target': ['kubernetes', 'host'],
  '--only': partNames,
  '--cni': ['cilium', 'calico', 'aws_vpc', 'flannel'],
  '--platform': platforms,
};

export function bashScript(program: Command): string {
  const cases = nodesOf(program).map(({ path, commands, options }) => {
    const words = [...commands.map(({ name }) => name), ...options.flatMap(namesOf)];
    return `    ${quoted(path)}) words=${quoted(words.join(' '))} ;;`;
  });
  const values = Object.entries(valueWords).map(
    ([option, words]) => `    ${option}) values=${quoted(words.join(' '))} ;;`,
  );
  return `# bash completion of ${programName}; made by \`${programName} completion bash\`
_${programName}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' word words='' values=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${commandPaths(program)
  .map((path) => `    ${quoted(` ${path}`)}) path=${quoted(` ${path}`)} ;;`)
  .join('\n')}
    esac
  done
  case "$previous" in
${values.join('\n')}
  esac
  case "\${path# }" in
${cases.join('\n')}
  esac
  if [ -n "$values" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -o default -F _${programName} ${programName}
`;
}

export function zshScript(program: Command): string {
  const cases = nodesOf(program).map(({ path, commands, options }) => {
    const items = [
      ...commands.map(({ name, summary }) => described(name, summary)),
      ...options.flatMap((option) =>
        namesOf(option).map((name) => described(name, option.description)),
      ),
    ];
    return `    ${quoted(path)}) items=(${items.map(quoted).join(' ')}) ;;`;
  });
  const values = Object.entries(valueWords).map(
    ([option, words]) => `    ${option}) compadd -- ${words.join(' ')}; return ;;`,
  );
  return `#compdef ${programName}
# zsh completion; made by \`${programName} completion zsh\`
_${programName}() {
  local spoken='' word
  local -a items
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    case "$spoken $word" in
${commandPaths(program)
  .map((path) => `    ${quoted(` ${path}`)}) spoken=${quoted(` ${path}`)} ;;`)
  .join('\n')}
    esac
  done
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "\${spoken# }" in
${cases.join('\n')}
  esac
  _describe -o '${programName}' items || _files
}
if [ "$funcstack[1]" = "_${programName}" ]; then
  _${programName} "$@"
else
  compdef _${programName} ${programName}
fi
`;
}

export function fishScript(program: Command): string {
  const lines = nodesOf(program).flatMap(({ path, commands, options }) => {
    const when = conditionOf(
      path,
      commands.map(({ name }) => name),
    );
    return [
      ...commands.map(
        ({ name, summary }) =>
          `complete -c ${programName} -f -n ${quoted(when)} -a ${name} -d ${quoted(summary)}`,
      ),
      ...options.map((option) => fishOption(option, when)),
    ];
  });
  return `# fish completion of ${programName}; made by \`${programName} completion fish\`
${lines.join('\n')}
`;
}

function fishOption(option: Option, when: string): string {
  const { long, short, description, required } = option;
  const words = valueWords[long ?? ''];
  return [
    `complete -c ${programName} -n ${quoted(when)}`,
    ...(short === undefined ? [] : [`-s ${short.replace(/^-/, '')}`]),
    ...(long === undefined ? [] : [`-l ${long.replace(/^--/, '')}`]),
    ...(required ? ['-r'] : []),
    ...(words === undefined ? [] : [`-x -a ${quoted(words.join(' '))}`]),
    `-d ${quoted(description)}`,
  ].join(' ');
}

/** When the words of `path` were spoken and none of its own commands. */
function conditionOf(path: string, commands: readonly string[]): string {
  const spoken = path === '' ? [] : path.split(' ');
  if (spoken.length === 0) return '__fish_use_subcommand';
  const seen = spoken.map((word) => `__fish_seen_subcommand_from ${word}`);
  const not =
    commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`];
  return [...seen, ...not].join('; and ');
}

function nodesOf(program: Command): readonly Node[] {
  return walk(program, []);
}

function walk(command: Command, path: readonly string[]): readonly Node[] {
  const children = command.commands.filter((child) => !isHidden(child));
  const help = command.createHelp().visibleOptions(command);
  const node: Node = {
    path: path.join(' '),
    summary: command.description(),
    commands: children.map((child) => ({ name: child.name(), summary: child.description() })),
    options: help,
  };
  return [node, ...children.flatMap((child) => walk(child, [...path, child.name()]))];
}

function isHidden(command: Command): boolean {
  return '_hidden' in command && command._hidden === true;
}

function commandPaths(program: Command): readonly string[] {
  return nodesOf(program)
    .map(({ path }) => path)
    .filter((path) => path !== '');
}

function namesOf(option: Option): readonly string[] {
  return [option.long, option.short].filter((name) => name !== undefined);
}

function described(name: string, summary: string): string {
  return `${name}:${summary.replaceAll(':', '\\:')}`;
}

/** A word of a shell script, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
