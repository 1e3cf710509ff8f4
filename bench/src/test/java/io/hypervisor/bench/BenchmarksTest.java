package io.hypervisor.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

import java.nio.file.Path;
import java.util.List;

/**
 * Every benchmark at its smallest, so that none stops working unnoticed. Real guests are left to
 * {@code make bench}.
 */
@Tag("real")
class BenchmarksTest {
    static final List<String> NAMES =
            Main.all().keySet().stream().filter(name -> !name.equals("real")).toList();

    @ParameterizedTest
    @FieldSource("NAMES")
    void runs(String name) {
        ResultTable table = new ResultTable();
        Main.run(Main.all().get(name), Path.of("..").toAbsolutePath(), Size.tiny(), table);
        assertThat(table.size()).isPositive();
        assertThat(table.markdown()).doesNotContain("NaN");
    }
}
