package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.NodeCondition;

import org.junit.jupiter.api.Test;

class YamlTest {
    @Test
    void aTextThatReadersTakeForATruthIsQuoted() {
        NodeCondition condition =
                NodeCondition.newBuilder().setType("DiskPressure").setStatus("False").build();
        assertThat(Yaml.yaml(condition)).isEqualTo("type: DiskPressure\nstatus: 'False'\n");
        NodeCondition.Builder read = NodeCondition.newBuilder();
        Yaml.merge(Yaml.yaml(condition), "test", read);
        assertThat(read.build()).isEqualTo(condition);
    }

    @Test
    void aTruthIsReadHoweverItIsSpelled() {
        CreateNetworkRequest.Builder read = CreateNetworkRequest.newBuilder();
        Yaml.merge("name: n\nexternal: True", "test", read);
        assertThat(read.getExternal()).isTrue();
    }
}
