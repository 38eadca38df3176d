/** undici's index loads fetch, caches and websockets as well, 6 MB more than this one module. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';

  export default Client;
}
