/** The shell and its programs. */
import assert from 'node:assert/strict';
import { everywhere, inChromium } from './fixtures/registry.ts';

everywhere('ls, redirection and pipelines work as in any shell', async (bench) => {
  const machine = await bench.boot();
  assert.match((await machine.run('ls -1 /')).out, /^bin\ndev\netc\n/);
  const sorted = await machine.run('cd /tmp; printf "c\\nb\\na\\nb\\n" > f; sort f | uniq -c | sed "s/^ *//" | tee g | wc -l; cat g');
  assert.deepEqual(sorted, { out: '3\n1 a\n2 b\n1 c\n', status: 0 });
});

inChromium('ps shows the processes as a tree of parents', async (bench) => {
  const machine = await bench.boot();
  const { out, status } = await machine.run('ps -o pid,ppid,comm');
  assert.equal(status, 0);
  assert.match(out, /^ *1 +0 init$/m);
  assert.match(out, /^ *\d+ +1 (-?sh|dash)$/m);
  assert.match(out, /^ *\d+ +\d+ ps$/m);
});

inChromium('the status of a command, and of what a signal ended, reaches the shell', async (bench) => {
  const machine = await bench.boot();
  assert.deepEqual(await machine.run('sh -c "exit 7"'), { out: '', status: 7 });
  assert.equal((await machine.run('sh -c "kill -TERM \\$\\$"')).status, 128 + 15);
  assert.equal((await machine.run('no-such-command')).status, 127);
});

inChromium('a here document, a subshell, a function and command substitution work', async (bench) => {
  const machine = await bench.boot();
  const { out } = await machine.run('f() { (cd /tmp && echo "in $(pwd)"); }; x=$(f; f | wc -l); cat <<EOT\n$x\nEOT\npwd');
  assert.equal(out, 'in /tmp\n1\n/\n');
});

inChromium('a file written is there until the machine stops', async (bench) => {
  const machine = await bench.boot();
  await machine.run('mkdir -p /root/a/b; echo kept > /root/a/b/c; mv /root/a /root/z');
  assert.equal((await machine.run('cat /root/z/b/c; ls /root')).out, 'kept\nz\n');
});

inChromium('an editor on the whole screen draws, writes its file, and gives the screen back', async (bench) => {
  const machine = await bench.boot();
  await machine.tab.type('vi /tmp/note\n');
  await machine.text(String.raw`\x1b\[\d+;1H.*/tmp/note`);
  await machine.tab.type('ihello from vi');
  const from = await machine.length();
  /* a key right behind Escape would make a sequence of it */
  await machine.tab.press('Escape');
  await machine.text(String.raw`- /tmp/note \[Modified\]`, from);
  await machine.tab.type(':wq\n');
  await machine.text(String.raw`# $`, from);
  assert.equal((await machine.run('cat /tmp/note')).out, 'hello from vi\n');
});

inChromium('line editing: Backspace, Ctrl-U and Ctrl-D do what a terminal does', async (bench) => {
  const machine = await bench.boot();
  await machine.tab.type('rubbish');
  await machine.tab.press('Control+u');
  await machine.tab.type('echo abx');
  await machine.tab.press('Backspace');
  const from = await machine.length();
  await machine.tab.type('c\n');
  await machine.text(String.raw`\nabc\r\n`, from);
  await machine.tab.type('cat\nline\n');
  await machine.text(String.raw`line\r\nline\r\n`, from);
  const end = await machine.length();
  await machine.tab.press('Control+d');
  await machine.text(String.raw`# $`, end);
});

inChromium('output of a megabyte arrives whole', async (bench) => {
  const machine = await bench.boot();
  const { out, status } = await machine.run('seq 1 150000');
  assert.equal(status, 0);
  const lines = out.trimEnd().split('\n');
  assert.equal(lines.length, 150_000);
  assert.deepEqual(lines, Array.from({ length: 150_000 }, (_, i) => String(i + 1)));
});
