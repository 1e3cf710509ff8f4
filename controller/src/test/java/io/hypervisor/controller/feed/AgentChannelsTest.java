package io.hypervisor.controller.feed;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Empty;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.GrpcServer;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class AgentChannelsTest {
    @Test
    void sharesOneConnectionPerAddress() {
        ForeignAgent agent = new ForeignAgent(false);
        agent.set(Instance.newBuilder().setId("a").build());
        try (VirtualTasks tasks = new VirtualTasks();
                AgentChannels channels = new AgentChannels(TlsConfig.none(), tasks);
                GrpcServer server =
                        new GrpcServer(
                                new HostPort("127.0.0.1", 0),
                                TlsConfig.none(),
                                tasks,
                                new SimpleMeterRegistry(),
                                List.of(),
                                List.of(agent),
                                Duration.ZERO)) {
            NodeRecord node =
                    NodeRecord.newBuilder().setIp("127.0.0.1").setPort(server.port()).build();

            var listed =
                    AgentServiceGrpc.newBlockingStub(channels.to(node))
                            .listInstances(Empty.getDefaultInstance());

            assertThat(listed.getInstancesList()).extracting(Instance::getId).containsExactly("a");
            assertThat(channels.to(new HostPort("127.0.0.1", server.port())))
                    .isSameAs(channels.to(node));
        }
    }
}
