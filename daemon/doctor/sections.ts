import { split } from 'shlex';
import { textOf, userOf } from '../proc/processes.ts';
import type { Configuration, Section } from '../supervisor/configuration.ts';
import type { NamedSection } from '../supervisor/entry.ts';
import type { ProcessName } from '../supervisor/names.ts';

/**
 * The words of a command=, split as supervisord does; empty where supervisord would refuse it, or
 * it is not known.
 */
export function wordsIn(command = ''): string[] {
  try {
    return split(command);
  } catch {
    return [];
  }
}

/**
 * The section that a process comes from. RPC reports a process's name and group, but not its
 * section. So this looks for a section with this process_name or name, in the group that lists it.
 *
 * @returns undefined where there is none, or several could be it
 */
export function sectionOf(configuration: Configuration | undefined, { name, group }: ProcessName): NamedSection | undefined {
  if (configuration === undefined) return undefined;
  const { sections } = configuration;
  const listed = sections.get(`group:${group}`)?.get('programs');
  const members = listed === undefined ? [group] : listed.split(',').map((member) => member.trim());
  const found = members.flatMap((member) =>
    ['program', 'eventlistener', 'fcgi-program'].flatMap((kind) => {
      const options = sections.get(`${kind}:${member}`);
      return options !== undefined && hasProcess(options, member, name) ? [{ name: `${kind}:${member}`, options }] : [];
    }),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** With numprocs, the process's name also contains its number. */
function hasProcess(options: Section, member: string, name: string): boolean {
  const pattern = options.get('process_name') ?? member;
  return pattern.replaceAll('%(program_name)s', member) === name || pattern.includes('%(process_num)');
}

/** `[program:start] in FILE`; more general words if the section is not certain. */
export function sayPlace(configuration: Configuration | undefined, process: ProcessName): string {
  const section = sectionOf(configuration, process);
  return section === undefined ? 'its section' : `[${section.name}] in ${configuration?.fileOf(section.name)}`;
}

/** A section's user= and supervisord's own user, if supervisord cannot change to that user. */
export function unusableUser(
  section: NamedSection | undefined,
  supervisordPid: number | undefined,
): { readonly user: string; readonly uid: number } | undefined {
  const user = section?.options.get('user');
  const uid = supervisordPid === undefined ? undefined : userOf(supervisordPid);
  if (user === undefined || uid === undefined || uid === 0 || user === String(uid) || user === nameOf(uid)) return undefined;
  return { user, uid };
}

function nameOf(uid: number): string | undefined {
  return new RegExp(`^([^:]+):[^:]*:${uid}:`, 'm').exec(textOf('/etc/passwd') ?? '')?.[1];
}
