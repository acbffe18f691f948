/**
 * `bank completion bash`: a script for bash that completes commands, options, their choices and the
 * names of contexts. It is made from the program itself, and needs bash alone.
 */
import type { Command } from 'commander';
import { writeText } from './answer-writer.ts';
import type { Surroundings } from './program-context.ts';

export function addCompletionCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('completion')
    .description('Scripts that complete commands in a shell.')
    .command('bash')
    .description('Writes the script for bash.')
    .addHelpText('after', '\nExample:\n  $ source <(bank completion bash)')
    .action(async () => {
      await writeText({ ...surroundings, output: 'table' }, bashScript(program));
    });
}

type Node = { readonly path: string; readonly words: string };

/** Each command by its path from the program, with the words that may follow it. */
function nodes(command: Command, path: string, inherited: readonly string[]): Node[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const options = help.visibleOptions(command).flatMap(({ long }) => long ?? []);
  const words = [...children.map((child) => child.name()), ...options, ...inherited];
  return [
    { path, words: [...new Set(words)].join(' ') },
    ...children
      .filter((child) => child.name() !== 'help')
      .flatMap((child) => nodes(child, `${path}_${child.name()}`.replace(/^_/, ''), inherited)),
  ];
}

/** Options that take one of a few values. */
function choices(command: Command): Map<string, readonly string[]> {
  const own = command.options.flatMap(({ long, argChoices }) =>
    long && argChoices ? [[long, argChoices] as const] : [],
  );
  return new Map([...own, ...command.commands.flatMap((child) => [...choices(child)])]);
}

/** Options that take a value, after which no command follows. */
function valued(command: Command): string[] {
  const own = command.options.filter(({ required, optional }) => required || optional);
  return [
    ...own.flatMap(({ long, short }) => [long, short]).filter((flag) => flag !== undefined),
    ...command.commands.flatMap(valued),
  ];
}

function bashScript(program: Command): string {
  const inherited = program.options.flatMap(({ long }) => long ?? []);
  const cases = nodes(program, '', inherited).map(
    ({ path, words }) => `    '${path}') words='${words}' ;;`,
  );
  const values = [...choices(program)].map(
    ([flag, all]) => `    ${flag}) words='${all.join(' ')}'; path=value ;;`,
  );
  const paths = nodes(program, '', []).map(({ path }) => path);
  return `# Completion of bank for bash: source <(bank completion bash)
_bank_contexts() {
  "\${COMP_WORDS[0]}" context list --output csv 2>/dev/null | tr -d '\\r' | sed '1d;s/,.*//'
}
_bank() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' words='' word next skip='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ -n "$skip" ]; then skip=''; continue; fi
    case $word in
    ${[...new Set(valued(program))].join('|')}) skip=1 ;;
    -*) ;;
    *)
      next=\${path:+\${path}_}$word
      case " ${paths.join(' ').trim()} " in *" $next "*) path=$next ;; esac
      ;;
    esac
  done
  case $before in
    --context) words=$(_bank_contexts); path=value ;;
${values.join('\n')}
    --*-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  [ "$before" = -o ] && words='table json ndjson csv' && path=value
  case $path in
    value) ;;
    context_use|context_delete|context_show)
      words=$(_bank_contexts) ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _bank bank
`;
}
