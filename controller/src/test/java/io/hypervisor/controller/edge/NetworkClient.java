package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Tests that ask for the network as clients do; each class has a controller of its own. */
abstract class NetworkClient {
    static NetworkServiceBlockingStub api;
    private static VirtualTasks storeTasks;
    static TestController controller;

    @BeforeAll
    static void start() {
        storeTasks = new VirtualTasks();
        controller = new TestController(new MemoryStore(storeTasks, 10_000).connect());
        api = NetworkServiceGrpc.newBlockingStub(controller.channel());
    }

    @AfterAll
    static void stop() {
        controller.close();
        storeTasks.close();
    }
}
