package io.hypervisor.agent.reconcile;

import io.hypervisor.api.v1.InstanceState;

/** The next step, and what the instance counts as until it is taken. */
record Plan(Step step, InstanceState state, String reason) {}
