/**
 * What subcommands share: failures a person can act on, and how they end.
 */

/** A failure to be told in one line: exit 2 if the command line is wrong, else 1. */
export class CommandError extends Error {
  readonly status: 1 | 2;
  constructor(message: string, status: 1 | 2 = 1) {
    super(message);
    this.status = status;
    this.name = 'CommandError';
  }
}

/**
 * Run the body of a subcommand: prints its help, or tells its failure.
 *
 * @param help - text of --help, the first line says how it is used
 */
export async function runCommand(
  name: string,
  help: string,
  args: readonly string[],
  body: () => Promise<number>,
): Promise<number> {
  const split = args.indexOf('--');
  const options = split < 0 ? args : args.slice(0, split);
  if (options.includes('--help') || options.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  try {
    return await body();
  } catch (error) {
    const told = commandErrorOf(error);
    if (told === undefined) throw error;
    const hint = told.status === 2 ? `${help.split('\n', 1)[0]}\n       pleat ${name} --help tells more.\n` : '';
    process.stderr.write(`pleat ${name}: ${told.message}\n${hint}`);
    return told.status;
  }
}

/** parseArgs tells a wrong command line by an exception with a code of its own. */
function commandErrorOf(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (error instanceof TypeError && 'code' in error) {
    if (String(error.code).startsWith('ERR_PARSE_ARGS_')) {
      /* What Node adds after the first sentence is about its own interface. */
      return new CommandError(error.message.replace(/\. (To specify|This command).*$/s, ''), 2);
    }
  }
  return undefined;
}
