/** Paths, names and limits that the daemon and the clients must agree on. */

export const defaultSocketPath = '/run/readinessd.sock';

/** The daemon and both clients read the socket's path from this variable. */
export const socketVariable = 'READINESSD_SOCKET';

/** Only the clients read it. The daemon knows the name so that it does not refuse it. */
export const probeTimeoutVariable = 'READINESSD_PROBE_TIMEOUT_MS';

/** The kubelet's default timeout is 1 s, and the exec itself costs 50 ms and more. */
export const defaultProbeTimeoutMs = 500;
export const maxProbeTimeoutMs = 60_000;

/**
 * sun_path holds 107 bytes and a NUL. The daemon binds under a temporary name, which is up to 11
 * bytes longer than the shortest final one (see daemon/http/socket.ts).
 */
export const maxSocketPathBytes = 96;

/** For the whole body of a reply, first line and hook output; well below the kubelet's 10 KiB. */
export const maxBodyBytes = 1023;
