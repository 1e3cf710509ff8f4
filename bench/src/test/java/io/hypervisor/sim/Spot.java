package io.hypervisor.sim;

/** A method of production code, and what defective code does there instead. */
record Spot(String type, String method, Class<?> advice) {}
