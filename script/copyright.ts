import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Licences that no npm package brings, in files named after what they cover. */
const ownNotices = join(root, 'packaging/notices');

interface Work {
  readonly name: string;
  readonly license: string;
}

/**
 * The directories of the packages that are in bundles, from the top of the repository.
 *
 * @param modules - paths of the modules that are in bundles
 */
export function bundledPackages(modules: Iterable<string>): string[] {
  const directories = [...modules].flatMap((module) => /node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)(?!.*node_modules)/.exec(module)?.[0] ?? []);
  return [...new Set(directories)].sort();
}

/**
 * The text of usr/share/doc/readinessd/copyright: our licence, and those of everything in the tree.
 *
 * @param directories - of the packages that are in bundles
 * @throws when a package has no licence
 */
export function copyrightText(directories: readonly string[]): string {
  const works = [
    { name: 'llhttp, the parser of undici', license: readNotice('llhttp') },
    { name: 'musl, in native probe clients', license: readNotice('musl') },
    { name: 'musl: memcpy for armhf', license: readNotice('musl-memcpy') },
    ...directories.map((directory) => packageAt(realpathSync(join(root, directory)))),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [head, ...groups(works)].join(`\n${'-'.repeat(80)}\n\n`);
}

const apache = `Licensed under the Apache License, Version 2.0. You may obtain a copy of it at
https://www.apache.org/licenses/LICENSE-2.0; on Debian it is in
/usr/share/common-licenses/Apache-2.0.
`;

const head = `readinessd is made by the readinessd developers.
Copyright (c) 2026 the readinessd developers

${apache}
Below are the licences of the software that is in its files. A native probe
client that was built where there is no musl is linked with the GNU C Library
instead, whose licence is the GNU Lesser General Public License 2.1
(on Debian in /usr/share/common-licenses/LGPL-2.1).
`;

function packageAt(directory: string): Work {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? readNotice(name) : readFileSync(join(directory, file), 'utf8');
  return { name: `${name} ${version}`, license: license === 'Apache-2.0' ? `${copyrightLine(text)}\n\n${apache}` : text };
}

function readNotice(name: string): string {
  const path = join(ownNotices, name);
  if (!existsSync(path)) throw new Error(`cannot find the licence of ${name}: its package has none; put it into ${path}`);
  return readFileSync(path, 'utf8');
}

function copyrightLine(text: string): string {
  return /^ *(Copyright (?:\(c\) )?\d.*)$/m.exec(text)?.[1] ?? '';
}

/** Each licence text once, after the works that it covers. */
function groups(works: readonly Work[]): string[] {
  const byWords = new Map<string, { text: string; holders: string[] }>();
  for (const { name, license } of works) {
    const lines = license.replaceAll('\r', '').split('\n');
    const isHolder = (line: string) => /^\s*Copyright [A-Z\d(©]/.test(line);
    const isTitle = (line: string) => /^[#\s(]*(the )?(MIT|ISC)( License)?[\s()MIT]*$/i.test(line);
    const text = lines
      .filter((line) => !isHolder(line) && !isTitle(line))
      .join('\n')
      .trim();
    const group = byWords.get(text.replaceAll(/\s+/g, ' ')) ?? { text, holders: [] };
    group.holders.push([name, ...lines.filter(isHolder).map((line) => `  ${line.trim()}`)].join('\n'));
    byWords.set(text.replaceAll(/\s+/g, ' '), group);
  }
  return [...byWords.values()].map(({ text, holders }) => `${holders.join('\n')}\n\n${text}\n`);
}
