import { csrPage } from './csr-page.ts';
import { enginePage } from './engine-page.ts';
import { machinePage } from './machine-page.ts';
import { qemuArgumentsPage } from './qemu-arguments-page.ts';
import { systemCallPage } from './system-call-page.ts';

/** Pages made from the tables that the packages run by: what they list is what there is. */
export default {
  paths: () => [
    { params: { page: 'machine' }, content: machinePage() },
    { params: { page: 'engine' }, content: enginePage() },
    { params: { page: 'csrs' }, content: csrPage() },
    { params: { page: 'qemu-arguments' }, content: qemuArgumentsPage() },
    { params: { page: 'system-calls' }, content: systemCallPage() },
  ],
};
