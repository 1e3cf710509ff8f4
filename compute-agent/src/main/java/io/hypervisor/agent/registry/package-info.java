/**
 * Images in OCI registries: names, manifests and blobs over HTTP, as the distribution specification
 * and Docker's v2 protocol have them.
 *
 * <p>Knows nothing of what keeps images on the node; that is the driver's.
 *
 * <p>Must never: speak plain HTTP to a host that the configuration does not list; send credentials
 * or a token to another host than they are for; log or report either; take more bytes than a limit
 * or a descriptor allows.
 */
package io.hypervisor.agent.registry;
