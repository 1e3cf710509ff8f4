package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.ByteSequence;

/**
 * The keys below the prefix that are no records.
 *
 * @param leader the election's key, bound to the holder's lease
 * @param commits written by every commit
 */
record EtcdKeys(ByteSequence leader, ByteSequence commits) {
    static EtcdKeys below(String prefix) {
        return new EtcdKeys(
                EtcdClient.bytes(prefix + "!leader"), EtcdClient.bytes(prefix + "!commits"));
    }
}
