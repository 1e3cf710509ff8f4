/**
 * Benchmarks: the numbers that the product promises, each beside a baseline of the same run. They
 * drive whole processes and the public API; JMH where a single function is the subject.
 */
package io.hypervisor.bench;
