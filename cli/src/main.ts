/**
 * The `pleat` command: finds the subcommand and loads only its file.
 * Exit status: a subcommand's own; 2 for a command that does not exist.
 */

type Command = (args: string[]) => Promise<number>;

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

const COMMANDS: ReadonlyMap<string, Entry> = new Map([
  [
    'run',
    {
      summary: 'run a command in a machine, here in the terminal',
      load: async () => (await import('./run.ts')).run,
    },
  ],
  [
    'link',
    {
      summary: 'make a signed link that boots an image',
      load: async () => (await import('./link.ts')).link,
    },
  ],
  [
    'share',
    {
      summary: 'run a machine and fold what it has become into a link',
      load: async () => (await import('./share.ts')).share,
    },
  ],
  [
    'verify',
    {
      summary: 'check a link: who signed it, what it boots',
      load: async () => (await import('./verify.ts')).verify,
    },
  ],
  [
    'key',
    {
      summary: 'show, make, export and import keys that links are signed with',
      load: async () => (await import('./key.ts')).key,
    },
  ],
  [
    'image',
    {
      summary: 'build, inspect and trace images',
      load: async () => (await import('./image.ts')).image,
    },
  ],
]);

function usage(): string {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return `Use: pleat COMMAND [ARGUMENTS]

A Unix machine in a browser tab, described whole by a signed link.

${lines.join('\n')}

pleat COMMAND --help tells more about each.
`;
}

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return 0;
  }
  const entry = COMMANDS.get(name);
  if (entry === undefined) {
    process.stderr.write(`pleat: there is no command ${JSON.stringify(name)}\n\n${usage()}`);
    return 2;
  }
  const command = await entry.load();
  return command(rest);
}

process.exitCode = await main(process.argv.slice(2));
