package io.hypervisor.network.model;

import java.util.SortedSet;

/**
 * Networks whose addresses mean the same: those that routers join, directly or through others. An
 * external network is a domain of its own.
 *
 * @param id the smallest id of its networks
 */
public record Domain(String id, SortedSet<String> networks) {}
