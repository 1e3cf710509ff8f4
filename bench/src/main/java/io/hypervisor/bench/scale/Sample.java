package io.hypervisor.bench.scale;

/**
 * What was true at one moment of a run.
 *
 * @param seconds since the first create was sent
 * @param placed creates acknowledged
 * @param acked instances in documents that nodes acknowledged
 * @param running instances that the controller shows RUNNING
 * @param etcdBytes 0 without etcd
 */
record Sample(
        double seconds,
        long placed,
        long acked,
        long running,
        long controllerBytes,
        long etcdBytes,
        long loadBytes,
        long databaseBytes) {}
