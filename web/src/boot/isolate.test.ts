import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isolate } from './isolate.ts';
import type { IsolationHost } from './isolate.ts';

interface Scene {
  readonly isolated?: boolean;
  readonly secure?: boolean;
  readonly worker?: 'works' | 'refused' | 'absent' | 'silent';
  readonly memory?: Map<string, string>;
}

function scene({ isolated = false, secure = true, worker = 'works', memory = new Map<string, string>() }: Scene) {
  const calls: string[] = [];
  const registration = {} as ServiceWorkerRegistration;
  const host: IsolationHost = {
    crossOriginIsolated: isolated,
    isSecureContext: secure,
    serviceWorker:
      worker === 'absent'
        ? undefined
        : {
            controller: null,
            ready: worker === 'silent' ? new Promise(() => undefined) : Promise.resolve(registration),
            register: () => {
              calls.push('register');
              return worker === 'refused' ? Promise.reject(new Error('off')) : Promise.resolve(registration);
            },
          },
    memory: {
      getItem: (name) => memory.get(name) ?? null,
      setItem: (name, value) => void memory.set(name, value),
      removeItem: (name) => void memory.delete(name),
    },
    reload: () => void calls.push('reload'),
    delay: () => (worker === 'silent' ? Promise.resolve() : new Promise(() => undefined)),
  };
  return { host, calls };
}

test('an isolated page registers nothing and does not reload', async () => {
  const { host, calls } = scene({ isolated: true });
  assert.equal(await isolate(host), false);
  assert.deepEqual(calls, []);
});

test('a page without headers registers the service worker and reloads once, not twice', async () => {
  const memory = new Map<string, string>();
  const first = scene({ memory });
  assert.equal(await isolate(first.host), true);
  assert.deepEqual(first.calls, ['register', 'reload']);
  const second = scene({ memory });
  assert.equal(await isolate(second.host), false);
  assert.deepEqual(second.calls, []);
});

test('a page that became isolated may try again after its headers are lost', async () => {
  const memory = new Map<string, string>();
  await isolate(scene({ memory }).host);
  await isolate(scene({ memory, isolated: true }).host);
  assert.equal(await isolate(scene({ memory }).host), true);
});

test('without HTTPS or service workers the page goes on as it is', async () => {
  for (const given of [{ secure: false }, { worker: 'absent' }, { worker: 'refused' }, { worker: 'silent' }] as const) {
    const { host, calls } = scene(given);
    assert.equal(await isolate(host), false);
    assert.equal(calls.includes('reload'), false);
  }
});
