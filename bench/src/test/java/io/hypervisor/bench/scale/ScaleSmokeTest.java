package io.hypervisor.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The scale run in small: everything is placed, acknowledged and RUNNING, and the report is
 * written.
 */
@Tag("real")
class ScaleSmokeTest {
    @ParameterizedTest
    @EnumSource
    void everyInstanceRuns(ScaleOptions.StoreKind store, @TempDir Path results) throws IOException {
        ScaleResult result =
                ScaleRun.run(
                        ScaleOptions.parse(
                                List.of(
                                        "store=" + store,
                                        "nodes=50",
                                        "instances=1000",
                                        "inflight=64",
                                        "heap=256m",
                                        "jvm=-XX:+UseSerialGC -XX:TieredStopAtLevel=1")));
        assertThat(result.faults()).isEmpty();
        assertThat(result.last().placed()).isEqualTo(1000);
        assertThat(result.last().acked()).isEqualTo(1000);
        assertThat(result.last().running()).isEqualTo(1000);
        Path report = ScaleReport.write(result, results);
        assertThat(report)
                .content()
                .contains("| all shown RUNNING |")
                .doesNotContain("not reached");
        assertThat(results.resolve("scale-" + store + "-50-1000.svg"))
                .content()
                .endsWith("</svg>\n");
    }
}
