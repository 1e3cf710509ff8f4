package io.hypervisor.network.ovs;

/**
 * How fast something may be; what is more is dropped.
 *
 * @param id from 1, what flows name it by
 * @param packets the rate is in packets a second; else in kilobits a second
 * @param burst what may come at once: packets or kilobits
 */
public record Meter(int id, boolean packets, int rate, int burst) {}
