package io.hypervisor.network.ovs;

/**
 * A device in the integration bridge that belongs to a port of a network.
 *
 * @param portId the interface's iface-id
 * @param ofport its OpenFlow number, or the one that it was asked to get; 0: neither
 * @param zone its conntrack zone; 0 while it has none
 * @param plugged we put it there; else somebody else did, as libvirt does
 * @param numbered the switch has taken it in and given it that number
 * @param error why the switch cannot use it; empty: it can
 */
public record Attachment(
        String device,
        String portId,
        int ofport,
        int zone,
        boolean plugged,
        boolean numbered,
        String error) {}
