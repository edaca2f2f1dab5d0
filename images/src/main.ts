/**
 * The mkimage command: what `pleat image build` does, for Makefiles and for work on packages.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackages, defaultContext } from './build.ts';
import { buildImage } from './image.ts';
import { EPOCH, readRecipe, readSet, toolchainKey } from './packages.ts';

const USAGE = `mkimage image NAME...    build images of sets, or of packages alone, into build/images
mkimage package NAME...  build packages only; prints the tar file of each
mkimage check NAME       run the checks of an image's packages inside a machine booted from it
mkimage toolchain-key    what compiled packages depend on
`;

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

async function main(args: readonly string[]): Promise<number> {
  const [command, ...names] = args;
  const context = defaultContext(root);
  if (command === 'image' && names.length > 0) {
    for (const name of names) await buildImage(context, name, join(root, 'build/images'));
    return 0;
  }
  if (command === 'package' && names.length > 0) {
    const built = await buildPackages(context, names);
    for (const pkg of built) if (names.includes(pkg.recipe.name)) process.stdout.write(`${pkg.tar}\n`);
    return 0;
  }
  if (command === 'check' && names.length === 1) return checkImage(names[0] as string);
  if (command === 'toolchain-key') {
    process.stdout.write(`${toolchainKey(root)}\n`);
    return 0;
  }
  process.stderr.write(USAGE);
  return 2;
}

/** Run each recipe's check(); its run_in_machine boots the image. */
function checkImage(image: string): number {
  let failed = 0;
  const names = readSet(root, image);
  for (const name of names) {
    const recipe = readRecipe(root, name);
    const run = spawnSync('sh', [join(root, 'images/src/recipe.sh'), 'check'], {
      env: { ...process.env, root, image, pkgdir: recipe.folder, SOURCE_DATE_EPOCH: String(EPOCH) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (run.status !== 0) failed++;
    process.stderr.write(`${run.status === 0 ? 'ok    ' : 'failed'} ${name} ${recipe.version}\n`);
  }
  process.stderr.write(`${names.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`mkimage: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
