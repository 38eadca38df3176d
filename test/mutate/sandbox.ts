import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the pure tests and the compiler neither read nor write. */
const leftOut = ['.git', 'dist', 'node_modules'];

/** How a run ended. */
export type Outcome = 'passed' | 'failed' | 'timed out';

/** A copy of the source in which files may be broken. */
export class Sandbox {
  readonly directory = mkdtempSync(join(tmpdir(), 'rd-mutate-'));
  #child: ChildProcess | undefined;

  constructor(root: string) {
    for (const part of readdirSync(root).filter((name) => !leftOut.includes(name))) {
      cpSync(join(root, part), join(this.directory, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.directory, 'node_modules'));
  }

  write(path: string, source: string): void {
    writeFileSync(join(this.directory, path), source);
  }

  remove(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs test files, all in one process, until the first test fails. */
  test(files: readonly string[], limitMs: number): Promise<Outcome> {
    const entry = join(this.directory, 'test/entry.test.ts');
    writeFileSync(entry, files.map((file) => `import '${join(this.directory, file)}';\n`).join(''));
    return this.#run(process.execPath, ['--import', 'tsx', '--test-reporter=tap', entry], limitMs, /^\s*not ok /m);
  }

  /** Whether the types still fit. Rules about style do not count as errors here. */
  compile(limitMs: number): Promise<Outcome> {
    const lenient = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false', '--allowUnreachableCode', 'true'];
    return this.#run(join(this.directory, 'node_modules/.bin/tsc'), lenient, limitMs, /error/);
  }

  #run(file: string, args: readonly string[], limitMs: number, failure: RegExp): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const environment = { ...process.env, TMPDIR: this.directory, LONG_TESTS: '' };
      // Without this variable the test runner would take itself for a part of another one, and print another format.
      const { NODE_TEST_CONTEXT: _, ...env } = environment as NodeJS.ProcessEnv;
      const child = spawn(file, args, { cwd: this.directory, env, stdio: ['ignore', 'pipe', 'ignore'] });
      this.#child = child;
      let output = '';
      let outcome: Outcome | undefined;
      const end = (why: Outcome) => {
        outcome ??= why;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => end('timed out'), limitMs);
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        if (failure.test(output)) end('failed');
      });
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        this.#child = undefined;
        resolve(outcome ?? (code === 0 ? 'passed' : 'failed'));
      });
    });
  }
}
