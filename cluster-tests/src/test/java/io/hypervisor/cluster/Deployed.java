package io.hypervisor.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The product's processes, run as deploy/process runs them. */
final class Deployed {
    private Deployed() {}

    /**
     * Starts one.
     *
     * @param folder holds its data-dir, its temporary files and its log, all by its name
     */
    static Process start(String module, Path folder, String name, List<String> flags) {
        List<String> command = new ArrayList<>(List.of("deploy/process", module));
        command.addAll(flags);
        command.add("--data-dir=" + folder.resolve(name));
        ProcessBuilder builder = OneNodeCluster.command(command.toArray(String[]::new));
        builder.environment().put("JAVA_OPTS", String.join(" ", javaOptions(folder)));
        try {
            return builder.redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log(folder, name).toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What Java is told beyond what deploy/process says. */
    static List<String> javaOptions(Path folder) {
        Path tmp = folder.resolve("tmp");
        return List.of(
                // Short lives: starting fast counts, not running fast.
                "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + tmp, "-Djna.tmpdir=" + tmp);
    }

    static Path log(Path folder, String name) {
        return folder.resolve(name + ".log");
    }
}
