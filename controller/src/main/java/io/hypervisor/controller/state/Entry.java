package io.hypervisor.controller.state;

/** A record and the store revision that wrote it. */
public record Entry<T>(T value, long revision) {}
