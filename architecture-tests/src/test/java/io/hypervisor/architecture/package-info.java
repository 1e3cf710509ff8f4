/**
 * The rules of the house as tests. Each message says what to do instead; change a rule only with a
 * decision record in docs/adr.
 */
package io.hypervisor.architecture;
