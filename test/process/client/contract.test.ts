import { clients } from '../../support/clients.ts';
import { keepsContract } from './contract.ts';

for (const client of clients) keepsContract(client);
