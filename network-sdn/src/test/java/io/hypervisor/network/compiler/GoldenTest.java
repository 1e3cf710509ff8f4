package io.hypervisor.network.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The flows of each table for {@link Samples#everything} on both nodes, in files that are read like
 * the code. After a change that is meant, -Dgolden.write=true writes them anew.
 */
class GoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/flows");

    @ParameterizedTest
    @EnumSource(Stage.class)
    void flowsOfTable(Stage stage) throws IOException {
        compare(
                stage.table() + "-" + stage.title() + ".txt",
                Stream.of("n1", "n2")
                        .flatMap(
                                node ->
                                        Stream.concat(
                                                Stream.of("# " + node),
                                                lines(Samples.everything().compiled(node), stage)))
                        .toList());
    }

    @Test
    void meters() throws IOException {
        FlowTable table = Samples.everything().compiled("n1").table();
        compare("meters.txt", table.meters().stream().map(Meter::text).toList());
    }

    private static Stream<String> lines(Walk.Node node, Stage stage) {
        return node.table().flows().stream()
                .filter(flow -> flow.stage() == stage)
                .map(
                        flow -> {
                            String serves = node.table().serves(flow.cookie());
                            return flow.body() + (serves.isEmpty() ? "" : " # " + serves);
                        });
    }

    private static void compare(String name, List<String> lines) throws IOException {
        Path file = FOLDER.resolve(name);
        if (Boolean.getBoolean("golden.write")) {
            Files.createDirectories(FOLDER);
            Files.write(file, lines);
        }
        assertThat(lines).containsExactlyElementsOf(Files.readAllLines(file));
    }
}
