/** undici's index also loads fetch, caches and websockets: 6 MB more than this module alone. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';

  export default Client;
}
