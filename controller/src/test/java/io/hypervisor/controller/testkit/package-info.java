/** Hand-written stand-ins that tests of the controller share. */
package io.hypervisor.controller.testkit;
