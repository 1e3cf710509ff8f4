/** A private Open vSwitch with guests, for tests of this and of other modules. */
package io.hypervisor.network.testing;
