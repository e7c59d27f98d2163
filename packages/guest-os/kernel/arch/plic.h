#pragma once

void plic_init(void);
void plic_interrupt(void);
