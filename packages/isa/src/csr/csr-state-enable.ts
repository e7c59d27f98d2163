import { type CsrDefinition, defineCsr } from './csr-definition.ts';

/** SE and ENVCFG: the state that exists here and that can be kept from the modes below. */
const fieldsOf = (index: number): string => (index === 0 ? '63 SE0 WARL | 62 ENVCFG WARL' : `63 SE${index} WARL`);

const family = (first: number, prefix: string, whose: string, mayOpen: boolean): CsrDefinition[] =>
  Array.from({ length: 4 }, (_, index) =>
    defineCsr(first + index, `${prefix}stateen${index}`, `State that ${whose} may use`, 'State Enable Extensions', {
      fields: mayOpen ? fieldsOf(index) : '63:0 none RO',
    }),
  );

/** Smstateen and Ssstateen. Nothing that user mode uses can be kept from it, so that sstateen0 to 3 are zero. */
export const stateEnableCsrs: readonly CsrDefinition[] = [
  ...family(0x10c, 's', 'user mode', false),
  ...family(0x30c, 'm', 'less privileged modes', true),
];

/** Those of the hypervisor. */
export const hypervisorStateEnableCsrs: readonly CsrDefinition[] = family(0x60c, 'h', 'a guest', true);
