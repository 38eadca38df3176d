/** supervisord could not be asked: no socket, refused, or no answer in time. */
export class SupervisorUnreachableError extends Error {}

/** supervisord answered, but not with what was asked for. */
export class SupervisorBadReplyError extends Error {}
