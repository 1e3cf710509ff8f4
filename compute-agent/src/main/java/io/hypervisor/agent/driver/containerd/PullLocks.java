package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Locks;

/** What pulls of different images may not do at the same time: the same blob, the same snapshot. */
record PullLocks(Locks blobs, Locks snapshots) {}
