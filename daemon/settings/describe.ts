import { formatDuration } from '../../shared/duration.ts';
import type { Settings } from './definitions.ts';

/**
 * The settings in force as they would be written, without credentials.
 *
 * @returns text by the setting's name, without settings that are not set
 */
export function describeSettings(settings: Settings): Record<string, string> {
  const shown = Object.entries(settings).flatMap(([key, value]) => {
    const text = describe(key, value);
    return text === undefined ? [] : [[key.replace(/Ms$/, ''), text] as const];
  });
  return Object.fromEntries(shown);
}

function describe(key: string, value: Settings[keyof Settings]): string | undefined {
  if (value === undefined || key === 'supervisorUser' || key === 'supervisorPassword') return undefined;
  if (typeof value === 'object') return value.display;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  return key === 'socketMode' ? value.toString(8).padStart(4, '0') : formatDuration(value);
}
