import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { oneLine } from '../../../shared/reply.ts';
import { defaultChecksDirectory, isSafetyChecked, type Settings } from '../../settings/definitions.ts';
import { SettingsError } from '../../settings/settings.ts';
import type { Check } from './check.ts';
import { kinds } from './kinds.ts';

/**
 * Checks that cannot be used. The message is the one line that the user gets: FILE:LINE:COLUMN,
 * what is wrong, and what would help.
 */
export class CheckFileError extends Error {}

/** Names of other steps. */
const reserved = ['start', 'hook'];
const ofSetting = 'programs';

/**
 * Reads the checks in the directory of checks. Called once, like the reading of settings.
 *
 * @param environment - for variables in the files
 * @throws CheckFileError, or SettingsError where the directory cannot be read
 */
export async function loadChecks(settings: Settings, environment: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const files = filesIn(settings.checksDirectory);
  if (files.length === 0) return [];
  const { readChecks } = await import('./read.ts');
  const found = await readChecks(files, {
    kinds,
    reserved: settings.programs === undefined ? reserved : [...reserved, ofSetting],
    environment,
    checkSafety: isSafetyChecked(settings),
  });
  if ('problem' in found) throw new CheckFileError(found.problem);
  return found.checks;
}

/** Sorted by name. Dot files belong to a ConfigMap's mount or to editors. */
function filesIn(directory: string): string[] {
  try {
    const isThere = lstatSync(directory, { throwIfNoEntry: false }) !== undefined;
    if (!isThere && directory === defaultChecksDirectory) return [];
    const names = readdirSync(directory).filter((name) => !name.startsWith('.') && /\.ya?ml$/i.test(name));
    const misnamed = names.find((name) => !name.endsWith('.yaml'));
    // Nobody would notice that a check is not read, so refuse the file.
    if (misnamed !== undefined)
      throw new CheckFileError(oneLine(`${join(directory, misnamed)}:1:1: its name must end in .yaml, else it is not read`, 8192));
    return names.sort().map((name) => join(directory, name));
  } catch (error) {
    if (error instanceof CheckFileError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = { ENOENT: 'there is no such directory', ENOTDIR: 'it is no directory', EACCES: 'permission denied' }[code ?? ''] ?? message;
    throw new SettingsError(`cannot use READINESSD_CHECKS_DIR=${directory}: ${why}`);
  }
}
