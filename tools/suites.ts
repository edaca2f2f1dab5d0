/**
 * suites.ts - the list of what ./test runs, quick ones first. A suite's command runs in the root and
 * prints "N passed, N failed" as its last line.
 */
export interface Suite {
  readonly name: string;
  /** What the line of progress says. */
  readonly title: string;
  readonly command: string;
  /** It is ended, and has failed, after this long. */
  readonly minutes: number;
}

const NODE_TESTS = 'node tools/nodetests.ts';

export const SUITES: readonly Suite[] = [
  { name: 'tools', title: 'generators and checks', command: `${NODE_TESTS} 'tools/*.test.ts'`, minutes: 3 },
  { name: 'types', title: 'types of all TypeScript', command: 'node tools/checktypes.ts', minutes: 3 },
  { name: 'style', title: 'format of the kernel', command: 'tools/check-style', minutes: 3 },
  { name: 'descriptor', title: 'descriptor', command: `${NODE_TESTS} 'descriptor/**/*.test.ts'`, minutes: 3 },
  { name: 'images', title: 'image building', command: `${NODE_TESTS} 'images/**/*.test.ts'`, minutes: 5 },
  { name: 'cli', title: 'command line', command: `${NODE_TESTS} 'cli/**/*.test.ts'`, minutes: 5 },
  { name: 'web', title: 'page and host, without a browser', command: `${NODE_TESTS} 'web/**/*.test.ts'`, minutes: 5 },
  { name: 'kernel-asan', title: 'kernel under AddressSanitizer and UBSan', command: 'make -s -j2 -C kernel test-asan', minutes: 12 },
  { name: 'kernel-tsan', title: 'kernel under ThreadSanitizer', command: 'make -s -j2 -C kernel test-tsan', minutes: 12 },
  { name: 'kernel-det', title: 'kernel under 1,000 schedules', command: 'make -s -j2 -C kernel test-det', minutes: 15 },
  { name: 'sdk', title: 'toolchain', command: `glue/build && ${NODE_TESTS} 'sdk/tests/*.test.ts'`, minutes: 5 },
  {
    name: 'conformance',
    title: 'programs in the machine and on Linux',
    command: 'node kernel/tests/run-conformance.ts',
    minutes: 25,
  },
  { name: 'hostile', title: 'hostile programs in the machine', command: 'node kernel/tests/run-hostile.ts', minutes: 12 },
  { name: 'packages', title: 'checks of the packages, in the machine', command: 'images/mkimage check shell 2>&1', minutes: 10 },
  { name: 'e2e-chromium', title: 'links in Chromium', command: 'node e2e/main.ts --browser chromium', minutes: 25 },
  { name: 'e2e-firefox', title: 'links in Firefox', command: 'node e2e/main.ts --browser firefox', minutes: 8 },
  { name: 'e2e-webkit', title: 'links in WebKitGTK', command: 'node e2e/main.ts --browser webkit', minutes: 8 },
];
