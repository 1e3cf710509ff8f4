/** Bad input against real servers: tables of wrong requests, and bytes that are no requests. */
package io.hypervisor.cluster.input;
